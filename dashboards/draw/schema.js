// What shape does Grafana demand? JSON schemas from the types of @grafana/schema, without their descriptions.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

const RAW = 'node_modules/@grafana/schema/dist/types/raw';
const panel = (kind) => `${RAW}/composable/${kind}/panelcfg/x/types.gen.d.ts`;
const WANTED = {
  dashboard: [`${RAW}/dashboard/x/types.gen.d.ts`, 'Dashboard'],
  ...Object.fromEntries(['timeseries', 'stat', 'table', 'bargauge'].map((kind) => [`${kind}-options`, [panel(kind), 'Options']])),
  ...Object.fromEntries(['timeseries', 'table'].map((kind) => [`${kind}-field`, [panel(kind), 'FieldConfig']])),
};

// A property may itself be called "description"; only texts are left out.
const bare = (key, value) => (key === 'description' && typeof value === 'string' ? undefined : value);

mkdirSync('schema', { recursive: true });
for (const [name, [path, type]] of Object.entries(WANTED)) {
  const made = execFileSync('node_modules/.bin/ts-json-schema-generator', ['--no-type-check', '--path', path, '--type', type]);
  writeFileSync(`schema/${name}.json`, `${JSON.stringify(JSON.parse(made), bare, 1)}\n`);
}
