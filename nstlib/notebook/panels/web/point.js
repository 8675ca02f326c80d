// A drawing with a style at each corner and a point in it, which mouse, finger, pen and arrow keys move.
// It stands before triangle.js and square.js, which say where the corners are and what a place means.

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 340; // of a drawing, in its own units
const SIDE = 64; // of a corner's picture
const STEP = 6; // of an arrow key

function shape(tag, attributes, parent) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

// move(place) is called with where the point should go; place() says where it is.
function steer(svg, place, move) {
  const placeAt = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = WIDTH / box.width;
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
    const [x, y] = place();
    move([x + ways[event.key][0], y + ways[event.key][1]]);
  });
}

// The widget. kind, height: of the drawing. trait: names what the point says to Python; placeOf, valueOf: the point of such
// a value, and back; sharesOf: the corners' shares. pictures: [x, y] of the corners' pictures; words: [x, y, anchor] of
// their names; background(svg): draws what lies below the point.
function mixing({ kind, height, trait, placeOf, valueOf, sharesOf, pictures, words, background }) {
  function render({ model, el }) {
    const box = { class: `nst-${kind}`, viewBox: `0 0 ${WIDTH} ${height}`, tabindex: 0, role: "img" };
    const svg = shape("svg", box, el);
    background(svg);
    const images = pictures.map(([x, y]) => shape("image", { x, y, width: SIDE, height: SIDE }, svg));
    const labels = words.map(([x, y, anchor]) => shape("text", { x, y, "text-anchor": anchor }, svg));
    const point = shape("circle", { class: "point", r: 9 }, svg);
    const place = () => placeOf(model.get(trait));

    const draw = () => {
      const [names, addresses, shares] = [model.get("names"), model.get("thumbnails"), sharesOf(model.get(trait))];
      const [x, y] = place();
      point.setAttribute("cx", x);
      point.setAttribute("cy", y);
      names.forEach((name, i) => {
        labels[i].textContent = `${name} ${Math.round(100 * shares[i])} %`;
        if (images[i].getAttribute("href") !== addresses[i]) images[i].setAttribute("href", addresses[i]);
      });
      svg.setAttribute("aria-label", `A mixture of styles: ${labels.map((label) => label.textContent).join(", ")}`);
    };
    steer(svg, place, (to) => {
      model.set(trait, valueOf(to));
      model.save_changes();
    });

    const traits = ["names", trait, "thumbnails"];
    for (const one of traits) model.on(`change:${one}`, draw);
    draw();
    return () => { for (const one of traits) model.off(`change:${one}`, draw); };
  }
  return { render };
}
