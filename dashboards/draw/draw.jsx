// How does one dashboard look? Draws all its panels into the page and says what came of each.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { createFieldConfigRegistry, createTheme, dateTime, LoadingState, makeTimeRange, standardFieldConfigEditorRegistry, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelChrome, PortalContainer } from '@grafana/ui';
import { filled, initTransformers, marks, panelFrames } from './frames.js';
import { Inside, ink } from './panels.jsx';

const UNIT = 36; // Pixels of one row of the grid, with the gap below it: 30 and 8 in Grafana.
const GAP = 8;
const HEAD = 52;
const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'color', 'thresholds', 'mappings', 'noValue', 'links', 'filterable', 'fieldMinMax', 'actions', 'description'];
const CUSTOM = ['drawStyle', 'lineInterpolation', 'lineWidth', 'fillOpacity', 'gradientMode', 'spanNulls', 'insertNulls', 'showPoints', 'pointSize', 'stacking', 'barAlignment', 'barWidthFactor',
  'axisPlacement', 'axisLabel', 'axisSoftMin', 'axisSoftMax', 'axisCenteredZero', 'axisColorMode', 'scaleDistribution', 'thresholdsStyle', 'hideFrom', 'lineStyle', 'fillBelowTo', 'width', 'align', 'cellOptions', 'inspect'];
const troubles = [];
window.onerror = (message) => troubles.push(String(message));

// Field options as Grafana registers them; its own processing leaves these values as they are.
const option = (name) => ({ id: name, path: name, name, editor: () => null, override: () => null, process: (value) => value, shouldApply: () => true, settings: {} });

class Fence extends React.Component {
  state = {};
  static getDerivedStateFromError(error) { return { error }; }
  componentDidCatch(error) { troubles.push(`${this.props.title}: ${error.stack ?? error}`); }
  render() { return this.state.error ? <pre className="failed">{String(this.state.error)}</pre> : this.props.children; }
}

function place({ x, y, w, h }, width) {
  const unit = (width - GAP) / 24;
  return { left: x * unit + GAP, top: HEAD + y * UNIT, width: w * unit - GAP, height: h * UNIT - GAP };
}

function Framed({ panel, frames, scene, theme }) {
  const box = place(panel.gridPos, scene.width);
  return (
    <div data-panel={panel.id} style={{ position: 'absolute', ...box }}>
      <PanelChrome title={filled(panel.title, scene)} description={panel.description} width={box.width} height={box.height} loadingState={LoadingState.Done}>
        {(width, height) => <Fence title={panel.title}><Inside {...{ panel, frames, scene, theme, width, height }} /></Fence>}
      </PanelChrome>
    </div>
  );
}

function Page({ board, drawn, scene, theme }) {
  const shown = Object.entries(scene.variables).filter(([name]) => name === 'model' || name === 'per').map(([name, value]) => `${name}: ${value === '.+' ? 'all' : value}`);
  const days = [scene.from, scene.to].map((at) => new Date(at * 1000).toISOString().slice(0, 10));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PortalContainer />
      <div style={{ position: 'relative', width: scene.width, height: scene.height, background: theme.colors.background.canvas, color: theme.colors.text.primary, overflow: 'hidden' }}>
        <div style={{ padding: '14px 12px', fontSize: 20, display: 'flex', justifyContent: 'space-between' }}>
          <span>{board.title}</span>
          <span style={{ fontSize: 13, color: theme.colors.text.secondary }}>
            {scene.legend.map(({ name, color }) => <span key={name} style={{ marginRight: 14 }}><b style={{ color }}>▲</b> {name}</span>)}
            {[...shown, `${days[0]} to ${days[1]}`].join('   ·   ')}
          </span>
        </div>
        {board.panels.filter((panel) => panel.type === 'row').map((row) => (
          <div key={row.id} style={{ position: 'absolute', ...place(row.gridPos, scene.width), fontSize: 15, fontWeight: 500, paddingTop: 3 }}>{row.title}</div>
        ))}
        {drawn.map(({ panel, frames }) => <Framed key={panel.id} {...{ panel, frames, scene, theme }} />)}
      </div>
    </ThemeContext.Provider>
  );
}

/** Whether a legend has more than fits: a person would have to scroll for it, and a picture cannot be scrolled. */
function cropped(panel, box) {
  if (panel.type !== 'timeseries') return false;
  const scrolled = (part) => ['auto', 'scroll'].includes(getComputedStyle(part).overflowY) && part.scrollHeight > part.clientHeight + 1;
  return [...box.querySelectorAll('*')].some(scrolled);
}

/** What can be seen of a panel: words, numbers, lines; or what went wrong. */
function seen(panel) {
  const box = document.querySelector(`[data-panel="${panel.id}"]`);
  const failed = box.querySelector('.failed')?.textContent ?? null;
  const nothing = box.querySelector('.nothing')?.textContent ?? null;
  return { id: panel.id, title: panel.title, type: panel.type, failed, nothing, cropped: cropped(panel, box), ink: ink[panel.id] ?? 0, text: box.textContent.length };
}

async function run() {
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  standardFieldConfigEditorRegistry.setInit(() => STANDARD.map(option));
  initTransformers();
  const registry = createFieldConfigRegistry({ useCustomConfig: (custom) => CUSTOM.forEach((name) => custom.addCustomEditor(option(name))) }, 'retrain');
  const theme = createTheme({ colors: { mode: asked.theme } });
  const board = await (await fetch('/board.json')).json();
  const [from, to, step, width, height] = ['from', 'to', 'step', 'width', 'height'].map((name) => Number(asked[name]));
  const scene = { from, to, step, width, height, variables: { model: asked.model, per: asked.per } };
  scene.timeRange = makeTimeRange(dateTime(from * 1000), dateTime(to * 1000));
  scene.marks = await marks(board.annotations.list, scene);
  scene.legend = board.annotations.list.filter(({ expr }) => expr).map(({ name, iconColor }) => ({ name, color: iconColor }));
  const drawn = [];
  for (const panel of board.panels.filter(({ targets }) => targets)) {
    const frames = await panelFrames(panel, scene, registry, theme).catch((error) => { troubles.push(`${panel.title}: ${error}`); return []; });
    drawn.push({ panel, frames });
  }
  createRoot(document.getElementById('root')).render(<Page {...{ board, drawn, scene, theme }} />);
  await new Promise((done) => setTimeout(done, 2500));
  return drawn.map(({ panel }) => seen(panel));
}

window.__grafana_public_path__ = '/public/';
window.grafanaBootData = { settings: { featureToggles: {} }, user: {} };
Promise.resolve(initPluginTranslations('grafana'))
  .then(run)
  .catch((error) => { troubles.push(String(error.stack ?? error)); return []; })
  .then((panels) => fetch('/report', { method: 'POST', body: JSON.stringify({ panels, troubles }) }));
