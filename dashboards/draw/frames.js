// What would Grafana's Prometheus data source make of the answers? Frames of @grafana/data, then the panel's own
// transformations and field options, done by Grafana's code.
import { applyFieldOverrides, cacheFieldDisplayNames, FieldType, standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame } from '@grafana/data';

const SECOND = 1000;

export function initTransformers() {
  const used = { merge: standardTransformers.mergeTransformer, organize: standardTransformers.organizeFieldsTransformer };
  standardTransformersRegistry.setInit(() =>
    Object.entries(used).map(([id, transformation]) => ({ id, name: id, transformation: () => Promise.resolve(transformation), editor: () => null }))
  );
}

/** Seconds in a Grafana duration such as 6h or 7d. */
export function seconds(duration) {
  const [, count, unit] = /^(\d+)([smhdwy])$/.exec(duration);
  return Number(count) * { s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 }[unit];
}

/** Variables in an expression or title, as Grafana would fill them in. */
export function filled(text, scene) {
  const known = { ...scene.variables, __range: `${scene.to - scene.from}s`, __rate_interval: `${4 * scene.step}s`, __interval: `${scene.step}s` };
  return text.replace(/\$\{?(\w+)\}?/g, (whole, name) => known[name] ?? whole);
}

async function asked(path, query) {
  const answer = await (await fetch(`/api/v1/${path}?${new URLSearchParams(query)}`)).json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result;
}

function named(target, metric) {
  if (target.legendFormat && target.legendFormat !== '__auto') {
    return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? '');
  }
  return Object.entries(metric).map(([label, value]) => `${label}="${value}"`).join(', ');
}

/** One value a step, null where Prometheus had none: a gap is drawn as a gap. */
function withGaps(values, step) {
  const known = new Map(values.map(([at, value]) => [at, Number(value)]));
  const [first, last] = [values[0][0], values[values.length - 1][0]];
  return Array.from({ length: Math.round((last - first) / step) + 1 }, (_, place) => [first + place * step, known.get(first + place * step) ?? null]);
}

function seriesFrame(target, step, { metric, values: known }) {
  const values = withGaps(known, step);
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: step * SECOND }, values: values.map(([at]) => at * SECOND) },
      { name: 'Value', type: FieldType.number, labels: metric, config: { displayNameFromDS: named(target, metric) }, values: values.map(([, value]) => value) },
    ],
  });
}

function tableFrame(target, several, rows) {
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const column = several ? `Value #${target.refId}` : 'Value';
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: rows.map(({ value }) => value[0] * SECOND) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, config: {}, values: rows.map(({ metric }) => metric[label] ?? null) })),
      { name: column, type: FieldType.number, config: {}, values: rows.map(({ value }) => Number(value[1])) },
    ],
  });
}

async function targetFrames(panel, target, scene) {
  const query = filled(target.expr, scene);
  if (target.instant) {
    const rows = await asked('query', { query, time: scene.to });
    if (target.format === 'table') return rows.length ? [tableFrame(target, panel.targets.length > 1, rows)] : [];
    return rows.map(({ metric, value }) => seriesFrame(target, scene.step, { metric, values: [value] }));
  }
  const step = Math.max(scene.step, target.interval ? seconds(filled(target.interval, scene)) : 0);
  const first = Math.ceil(scene.from / step) * step;
  const found = await asked('query_range', { query, start: first, end: scene.to, step });
  return found.map((series) => seriesFrame(target, step, series));
}

/** The frames of one panel, ready to be drawn. */
export async function panelFrames(panel, scene, registry, theme) {
  const raw = (await Promise.all(panel.targets.map((target) => targetFrames(panel, target, scene)))).flat();
  const interpolate = (text) => filled(text, scene);
  const changed = panel.transformations?.length
    ? await new Promise((done) => transformDataFrame(panel.transformations, raw, { interpolate }).subscribe(done))
    : raw;
  const frames = applyFieldOverrides({ data: changed, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, replaceVariables: interpolate, theme, timeZone: 'utc' });
  cacheFieldDisplayNames(frames);
  return frames;
}

/** The moments that the dashboard's annotations mark, within the time shown. */
export async function marks(annotations, scene) {
  const found = [];
  for (const { expr, iconColor, name } of annotations.filter((each) => each.expr)) {
    const series = await asked('query_range', { query: filled(expr, scene), start: scene.from, end: scene.to, step: scene.step });
    const times = new Set(series.flatMap(({ values }) => values.map(([, value]) => Number(value))));
    for (const at of times) if (at >= scene.from * SECOND && at <= scene.to * SECOND) found.push({ at, color: iconColor, name });
  }
  return found;
}
