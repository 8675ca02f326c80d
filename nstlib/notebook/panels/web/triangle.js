// A triangle with a style at each corner. The point in it goes to Python as three shares that sum to 1.

const CORNERS = [[70, 236], [270, 236], [170, 64]]; // left, right, top, in the drawing's own units

// The point at these shares of the corners, and back: the shares are the weights whose mean of the corners is the point.
function placeOf(shares) {
  return [0, 1].map((axis) => shares.reduce((sum, share, i) => sum + share * CORNERS[i][axis], 0));
}

function valueOf([x, y]) {
  const [[ax, ay], [bx, by], [cx, cy]] = CORNERS;
  const whole = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy);
  const a = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / whole;
  const b = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / whole;
  const inside = [a, b, 1 - a - b].map((share) => Math.max(share, 0)); // a point outside goes to the border
  const sum = inside.reduce((one, other) => one + other);
  return inside.map((share) => share / sum);
}

function background(svg) {
  shape("polygon", { class: "area", points: CORNERS.join(" ") }, svg);
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

export default mixing({
  kind: "triangle",
  height: 306,
  trait: "shares",
  placeOf,
  valueOf,
  sharesOf: (shares) => shares,
  pictures: [[2, 240], [274, 240], [138, 0]],
  words: [[72, 290, "start"], [268, 290, "end"], [208, 32, "start"]],
  background,
});
