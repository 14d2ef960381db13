// Which component of Grafana's draws which panel? The options come from the dashboard's JSON.
import React from 'react';
import { getFieldDisplayValues, VizOrientation } from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const ZONE = 'utc';

/** By panel, how many pixels of a line or bar have a hue: axes and grid are grey, and marks come later. */
export const ink = {};

function hued(ctx) {
  const { data } = ctx.getImageData(0, 0, ctx.canvas.width, ctx.canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const channels = [data[at], data[at + 1], data[at + 2]];
    if (data[at + 3] > 60 && Math.max(...channels) - Math.min(...channels) > 40) found += 1;
  }
  return found;
}

function drawMarks(builder, marks, panel) {
  builder.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    ink[panel] = hued(ctx);
    ctx.save();
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    for (const { at, color } of marks) {
      const x = Math.round(plot.valToPos(at, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = color;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - 4 * devicePixelRatio, bbox.top + bbox.height + 5 * devicePixelRatio);
      ctx.lineTo(x + 4 * devicePixelRatio, bbox.top + bbox.height + 5 * devicePixelRatio);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.fill();
    }
    ctx.restore();
  });
  return null;
}

function Lines({ panel, frames, scene, width, height }) {
  return (
    <TimeSeries frames={frames} structureRev={1} timeRange={scene.timeRange} timeZone={ZONE} width={width} height={height}
      legend={{ calcs: [], ...panel.options.legend }} options={panel.options} tweakScale={(same) => same} tweakAxis={(same) => same}>
      {(builder) => drawMarks(builder, scene.marks, panel.id)}
    </TimeSeries>
  );
}

function shownValues(panel, frames, theme) {
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (same) => same,
    theme, data: frames, timeZone: ZONE,
  });
}

function Values({ panel, frames, theme, width, height }) {
  const values = shownValues(panel, frames, theme);
  const { options } = panel;
  const name = options.textMode !== 'value';
  return (
    <VizRepeater getValues={() => values} source={frames} renderCounter={0} width={width} height={height} orientation={VizOrientation.Vertical}
      renderValue={({ value, width: w, height: h }) => (
        <BigValue value={name ? value.display : { ...value.display, title: '' }} width={w} height={h} theme={theme} count={values.length}
          colorMode={options.colorMode} graphMode={options.graphMode} justifyMode={options.justifyMode} textMode={options.textMode} />
      )} />
  );
}

function Gauges({ panel, frames, theme, width, height }) {
  const values = shownValues(panel, frames, theme);
  const { options } = panel;
  return (
    <VizRepeater getValues={() => values} source={frames} renderCounter={0} width={width} height={height} orientation={VizOrientation.Horizontal}
      minVizHeight={16} maxVizHeight={60} itemSpacing={8}
      getAlignmentFactors={(all) => ({
        title: all.map(({ display }) => display.title).sort((a, b) => b.length - a.length)[0] ?? '',
        text: all.map(({ display }) => `${display.text}${display.suffix ?? ''}`).sort((a, b) => b.length - a.length)[0] ?? '',
      })}
      renderValue={({ value, width: w, height: h, alignmentFactors }) => (
        <BarGauge value={value.display} display={value.view ? value.view.getFieldDisplayProcessor(value.colIndex) : undefined} field={value.field} width={w} height={h}
          orientation={VizOrientation.Horizontal} displayMode={options.displayMode} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement}
          showUnfilled={options.showUnfilled} text={options.text} alignmentFactors={alignmentFactors} theme={theme} itemSpacing={8} lcdCellWidth={12} />
      )} />
  );
}

function Cells({ panel, frames, width, height, scene }) {
  return <TableNG data={frames[0]} width={width} height={height} cellHeight={panel.options.cellHeight} timeRange={scene.timeRange} fieldConfig={panel.fieldConfig} sortBy={panel.options.sortBy} structureRev={1} />;
}

const KINDS = { timeseries: Lines, stat: Values, bargauge: Gauges, table: Cells };

/** The inside of one panel, or what it says when there is no data. */
export function Inside(props) {
  const { panel, frames } = props;
  if (!frames.some((frame) => frame.length > 0)) {
    return <div className="nothing" style={{ textAlign: 'center', paddingTop: props.height / 2 - 12, opacity: 0.7 }}>{panel.fieldConfig.defaults.noValue}</div>;
  }
  const Kind = KINDS[panel.type];
  if (!Kind) throw new Error(`panels of type ${panel.type} cannot be drawn`);
  return <Kind {...props} />;
}
