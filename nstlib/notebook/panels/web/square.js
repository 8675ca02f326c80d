// A square with a style at each corner. The point in it goes to Python as its place: across and down, 0 to 1.

const SPACE = "http://www.w3.org/2000/svg";
const [LEFT, TOP, LENGTH] = [70, 46, 200]; // of the square, in the drawing's own units
const SIDE = 64; // of a corner's picture
const STEP = 0.03; // of an arrow key
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]]; // across and down: top left, top right, bottom left, bottom right

function shape(tag, attributes, parent) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

const within = (value) => Math.min(Math.max(value, 0), 1); // a point outside goes to the border
const share = ([across, down], [x, y]) => (x ? across : 1 - across) * (y ? down : 1 - down);

function grid(svg) {
  for (const part of [0.25, 0.5, 0.75].map((one) => one * LENGTH)) {
    shape("line", { class: "grid", x1: LEFT + part, x2: LEFT + part, y1: TOP, y2: TOP + LENGTH }, svg);
    shape("line", { class: "grid", y1: TOP + part, y2: TOP + part, x1: LEFT, x2: LEFT + LENGTH }, svg);
  }
}

function render({ model, el }) {
  const svg = document.createElementNS(SPACE, "svg");
  for (const [name, value] of Object.entries({ class: "nst-square", viewBox: "0 0 340 292", tabindex: 0, role: "img" })) {
    svg.setAttribute(name, value);
  }
  shape("rect", { class: "area", x: LEFT, y: TOP, width: LENGTH, height: LENGTH }, svg);
  grid(svg);
  const pictures = CORNERS.map(([x, y]) =>
    shape("image", { x: x * (340 - SIDE), y: TOP + y * (LENGTH - SIDE), width: SIDE, height: SIDE }, svg));
  const words = CORNERS.map(([x, y]) =>
    shape("text", { x: x * 340, y: y ? TOP + LENGTH + 18 : TOP - 8, "text-anchor": x ? "end" : "start" }, svg));
  const point = shape("circle", { class: "point", r: 9 }, svg);

  const draw = () => {
    const [names, place, addresses] = ["names", "place", "thumbnails"].map((trait) => model.get(trait));
    point.setAttribute("cx", LEFT + place[0] * LENGTH);
    point.setAttribute("cy", TOP + place[1] * LENGTH);
    names.forEach((name, i) => {
      words[i].textContent = `${name} ${Math.round(100 * share(place, CORNERS[i]))} %`;
      if (pictures[i].getAttribute("href") !== addresses[i]) pictures[i].setAttribute("href", addresses[i]);
    });
    svg.setAttribute("aria-label", `A mixture of styles: ${words.map((word) => word.textContent).join(", ")}`);
  };

  const move = (place) => {
    model.set("place", place.map(within));
    model.save_changes();
  };
  const placeAt = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    return [((event.clientX - box.left) * scale - LEFT) / LENGTH, ((event.clientY - box.top) * scale - TOP) / LENGTH];
  };
  let held = false;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = true;
    svg.setPointerCapture(event.pointerId);
    move(placeAt(event));
  });
  svg.addEventListener("pointermove", (event) => { if (held) move(placeAt(event)); });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = false; });
  svg.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    if (!(event.key in ways)) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would go to another cell
    move(model.get("place").map((value, axis) => value + ways[event.key][axis]));
  });

  const traits = ["names", "place", "thumbnails"];
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
  el.append(svg);
  return () => { for (const trait of traits) model.off(`change:${trait}`, draw); };
}

export default { render };
