// A triangle with a style at each corner. The point in it goes to Python as three shares that sum to 1.

const SPACE = "http://www.w3.org/2000/svg";
const CORNERS = [[70, 236], [270, 236], [170, 64]]; // left, right, top, in the drawing's own units
const PICTURES = [[2, 240], [274, 240], [138, 0]]; // where the corners' pictures stand
const WORDS = [[72, 290, "start"], [268, 290, "end"], [208, 32, "start"]]; // and their names
const SIDE = 64; // of a corner's picture
const STEP = 6; // of an arrow key

function shape(tag, attributes, parent) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

// The point at these shares of the corners, and back: the shares are the weights whose mean of the corners is the point.
function placeOf(shares) {
  return [0, 1].map((axis) => shares.reduce((sum, share, i) => sum + share * CORNERS[i][axis], 0));
}

function sharesOf([x, y]) {
  const [[ax, ay], [bx, by], [cx, cy]] = CORNERS;
  const whole = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy);
  const a = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / whole;
  const b = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / whole;
  const inside = [a, b, 1 - a - b].map((share) => Math.max(share, 0)); // a point outside goes to the border
  const sum = inside.reduce((one, other) => one + other);
  return inside.map((share) => share / sum);
}

function grid(svg) {
  for (const share of [0.25, 0.5, 0.75]) {
    for (const i of [0, 1, 2]) { // the line on which corner i has this share
      const ends = [1, 2].map((next) => {
        const shares = [0, 0, 0];
        shares[i] = share;
        shares[(i + next) % 3] = 1 - share;
        return placeOf(shares);
      });
      shape("line", { class: "grid", x1: ends[0][0], y1: ends[0][1], x2: ends[1][0], y2: ends[1][1] }, svg);
    }
  }
}

function render({ model, el }) {
  const svg = document.createElementNS(SPACE, "svg");
  for (const [name, value] of Object.entries({ class: "nst-triangle", viewBox: "0 0 340 306", tabindex: 0, role: "img" })) {
    svg.setAttribute(name, value);
  }
  shape("polygon", { class: "area", points: CORNERS.join(" ") }, svg);
  grid(svg);
  const pictures = PICTURES.map(([x, y]) => shape("image", { x, y, width: SIDE, height: SIDE }, svg));
  const words = WORDS.map(([x, y, anchor]) => shape("text", { x, y, "text-anchor": anchor }, svg));
  const point = shape("circle", { class: "point", r: 9 }, svg);

  const draw = () => {
    const [names, shares, addresses] = ["names", "shares", "thumbnails"].map((trait) => model.get(trait));
    const [x, y] = placeOf(shares);
    point.setAttribute("cx", x);
    point.setAttribute("cy", y);
    names.forEach((name, i) => {
      words[i].textContent = `${name} ${Math.round(100 * shares[i])} %`;
      if (pictures[i].getAttribute("href") !== addresses[i]) pictures[i].setAttribute("href", addresses[i]);
    });
    svg.setAttribute("aria-label", `A mixture of styles: ${words.map((word) => word.textContent).join(", ")}`);
  };

  const move = (place) => {
    model.set("shares", sharesOf(place));
    model.save_changes();
  };
  const placeAt = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
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
    const [x, y] = placeOf(model.get("shares"));
    move([x + ways[event.key][0], y + ways[event.key][1]]);
  });

  const traits = ["names", "shares", "thumbnails"];
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
  el.append(svg);
  return () => { for (const trait of traits) model.off(`change:${trait}`, draw); };
}

export default { render };
