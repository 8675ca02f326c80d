// A picture on which a mask is drawn, with a brush or a lasso, by mouse, finger or pen.
// Strokes go to Python as {points: [[x, y], ...], radius}: shares of width and height, and of the longer side.
// A stroke of radius 0 is a lasso. masks.py draws the same strokes again at whatever size is needed.

const COLOUR = "#d81b60";
const KEEP = 0.004; // of the longer side: a point nearer to the one before is left out

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A choice, slider or button that shows the model's trait and changes it.
function bound(control, model, name, read) {
  const show = () => { control.value = model.get(name); };
  control.addEventListener("input", () => { model.set(name, read(control.value)); model.save_changes(); });
  model.on(`change:${name}`, show);
  show();
  return control;
}

function slider(model, name, text, max) {
  const input = element("input", { type: "range", min: 0, max, step: 0.005 });
  return element("label", {}, text, bound(input, model, name, Number));
}

function toolbar(model) {
  const tools = element("select", {}, ...["brush", "lasso"].map((value) => element("option", { value }, value)));
  const put = (strokes) => { model.set("strokes", strokes); model.save_changes(); };
  const undo = element("button", { type: "button", onclick: () => put(model.get("strokes").slice(0, -1)) }, "undo");
  const clear = element("button", { type: "button", onclick: () => put([]) }, "clear");
  return element("div", { className: "nst-tools" },
    element("label", {}, "tool ", bound(tools, model, "tool", String)),
    slider(model, "radius", "radius ", 0.2), slider(model, "softness", "soft edge ", 0.2), undo, clear);
}

// Draw strokes on a canvas: brushes as thick lines, lassos filled, but the one being drawn as an outline.
function trace(context, strokes, current) {
  const { width, height } = context.canvas;
  Object.assign(context, { fillStyle: COLOUR, strokeStyle: COLOUR, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    const path = new Path2D();
    const places = stroke.points.map(([x, y]) => [x * width, y * height]);
    for (const [x, y] of places) path.lineTo(x, y);
    if (places.length === 1) path.lineTo(places[0][0] + 0.01, places[0][1]); // its round ends make a dot
    context.lineWidth = 2 * stroke.radius * Math.max(width, height) || 2;
    if (stroke.radius || stroke === current) context.stroke(path);
    else context.fill(path);
  }
}

function render({ model, el }) {
  const picture = new Image();
  const canvas = element("canvas", { className: "nst-canvas", tabIndex: 0 });
  const layer = element("canvas"); // the mask alone, so that strokes that overlap are as transparent as others
  const said = element("div", { className: "nst-said" });
  let stroke = null; // the one being drawn

  const draw = () => {
    const strokes = stroke ? [...model.get("strokes"), stroke] : model.get("strokes");
    const [context, mask] = [canvas, layer].map((one) => one.getContext("2d"));
    mask.clearRect(0, 0, layer.width, layer.height);
    trace(mask, strokes, stroke);
    context.drawImage(picture, 0, 0);
    context.globalAlpha = 0.55;
    context.filter = `blur(${(model.get("softness") * Math.max(layer.width, layer.height)) / 2}px)`;
    context.drawImage(layer, 0, 0);
    context.globalAlpha = 1;
    context.filter = "none";
    said.textContent = `strokes: ${model.get("strokes").length}`;
  };

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((v) => +v.toFixed(4));
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = { points: [place(event)], radius: model.get("tool") === "lasso" ? 0 : model.get("radius") };
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const [x, y] = place(event);
    const [before, above] = stroke.points.at(-1);
    if (Math.hypot(x - before, y - above) > KEEP) stroke.points.push([x, y]);
    draw();
  });
  const finish = () => {
    if (!stroke) return;
    const done = stroke;
    stroke = null; // before the model tells everybody to draw: a lasso is filled once it is done
    model.set("strokes", [...model.get("strokes"), done]);
    model.save_changes();
  };
  canvas.addEventListener("pointerup", finish);
  canvas.addEventListener("pointercancel", finish);

  picture.onload = () => {
    for (const one of [canvas, layer]) [one.width, one.height] = [picture.naturalWidth, picture.naturalHeight];
    draw();
  };
  picture.src = model.get("_picture");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("label"));
  said.setAttribute("aria-live", "polite");
  for (const name of ["strokes", "softness"]) model.on(`change:${name}`, draw);
  el.append(element("div", {}, model.get("label")), toolbar(model), canvas, said);
  return () => { for (const name of ["strokes", "softness"]) model.off(`change:${name}`, draw); };
}

export default { render };
