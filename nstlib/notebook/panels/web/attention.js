// A photograph with a mark that can be moved, and beside it the picture that Python makes of what is asked there.

const SPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 300; // of both pictures, in the drawing's own units
const GAP = 12; // between them

function shape(tag, attributes, parent) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
}

function render({ model, el }) {
  const svg = document.createElementNS(SPACE, "svg");
  set(svg, { class: "nst-attention", tabindex: 0, role: "img" });
  const images = [0, 1].map(() => shape("image", { y: 0, height: HEIGHT, preserveAspectRatio: "none" }, svg));
  const rim = shape("rect", { class: "rim" }, svg);
  const mark = shape("rect", { class: "mark" }, svg);

  const widths = () => model.get("sides").map(([width, height]) => (HEIGHT * width) / height);

  const draw = () => {
    const [left, right] = widths();
    const [columns, rows] = model.get("cells");
    const [column, row] = model.get("place");
    set(svg, { viewBox: `0 0 ${left + GAP + right} ${HEIGHT}` });
    [[0, left], [left + GAP, right]].forEach(([x, width], i) => {
      set(images[i], { x, width, href: model.get("pictures")[i] });
    });
    const [width, height] = [left / columns, HEIGHT / rows];
    const reach = model.get("reach");
    const from = [Math.max(column - reach, 0) * width, Math.max(row - reach, 0) * height];
    const to = [Math.min(column + reach + 1, columns) * width, Math.min(row + reach + 1, rows) * height];
    const box = { x: from[0], y: from[1], width: to[0] - from[0], height: to[1] - from[1] };
    set(mark, box);
    set(rim, { x: box.x - 2, y: box.y - 2, width: box.width + 4, height: box.height + 4 });
    set(svg, { "aria-label": `Column ${column} of ${columns}, row ${row} of ${rows}; beside it the style, lit where this place looks` });
  };

  const move = (place) => {
    const cells = model.get("cells");
    const next = place.map((at, axis) => Math.min(Math.max(at, 0), cells[axis] - 1));
    const now = model.get("place");
    if (next[0] === now[0] && next[1] === now[1]) return;
    model.set("place", next);
    model.save_changes();
  };
  const placeAt = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const [columns, rows] = model.get("cells");
    return [Math.floor((((event.clientX - box.left) * scale) / widths()[0]) * columns),
      Math.floor((((event.clientY - box.top) * scale) / HEIGHT) * rows)];
  };
  let held = false;
  svg.addEventListener("pointerdown", (event) => {
    const place = placeAt(event);
    if (event.button !== 0 || place[0] >= model.get("cells")[0]) return; // the style is only looked at
    held = true;
    svg.setPointerCapture(event.pointerId);
    move(place);
  });
  svg.addEventListener("pointermove", (event) => { if (held) move(placeAt(event)); });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = false; });
  svg.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in ways)) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would go to another cell
    move(model.get("place").map((at, axis) => at + ways[event.key][axis]));
  });

  const traits = ["pictures", "sides", "cells", "place", "reach"];
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
  el.append(svg);
  return () => { for (const trait of traits) model.off(`change:${trait}`, draw); };
}

export default { render };
