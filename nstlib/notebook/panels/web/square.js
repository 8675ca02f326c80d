// A square with a style at each corner. The point in it goes to Python as its place: across and down, 0 to 1.

const [LEFT, TOP, LENGTH] = [70, 46, 200]; // of the square, in the drawing's own units
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]]; // across and down: top left, top right, bottom left, bottom right

const within = (value) => Math.min(Math.max(value, 0), 1); // a point outside goes to the border
const share = ([across, down], [x, y]) => (x ? across : 1 - across) * (y ? down : 1 - down);

function background(svg) {
  shape("rect", { class: "area", x: LEFT, y: TOP, width: LENGTH, height: LENGTH }, svg);
  for (const part of [0.25, 0.5, 0.75].map((one) => one * LENGTH)) {
    shape("line", { class: "grid", x1: LEFT + part, x2: LEFT + part, y1: TOP, y2: TOP + LENGTH }, svg);
    shape("line", { class: "grid", y1: TOP + part, y2: TOP + part, x1: LEFT, x2: LEFT + LENGTH }, svg);
  }
}

export default mixing({
  kind: "square",
  height: 292,
  trait: "place",
  placeOf: ([across, down]) => [LEFT + across * LENGTH, TOP + down * LENGTH],
  valueOf: ([x, y]) => [within((x - LEFT) / LENGTH), within((y - TOP) / LENGTH)],
  sharesOf: (place) => CORNERS.map((corner) => share(place, corner)),
  pictures: CORNERS.map(([x, y]) => [x * (WIDTH - SIDE), TOP + y * (LENGTH - SIDE)]),
  words: CORNERS.map(([x, y]) => [x * WIDTH, y ? TOP + LENGTH + 18 : TOP - 8, x ? "end" : "start"]),
  background,
});
