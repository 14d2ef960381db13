#!/bin/sh
# Makes .peers/nannyml and .peers/whylogs, for benchmarks/drift_throughput.py. Neither installs beside the project: NannyML
# wants other versions of its plots' libraries, whylogs a NumPy below 2. About 2.2 GB. Usage: benchmarks/peers.sh [PYTHON]
set -eu
python="${1:-python3.11}"
cd "$(dirname "$0")/.."

make_peer() {
    name="$1"
    shift
    [ -x ".peers/$name/bin/python" ] || "$python" -m venv ".peers/$name"
    ".peers/$name/bin/pip" install -q "$@"
}

make_peer nannyml nannyml==0.13.1 pandas==2.3.3 numpy==1.26.4 scipy==1.15.3 statsmodels==0.14.5 pyarrow==21.0.0
make_peer whylogs 'whylogs==1.6.4' numpy==1.26.4 pandas==2.3.3 scipy==1.15.3 pyarrow==21.0.0 ipython==8.37.0 \
    pybars3==0.9.7
