"""Right and wrong answers to the exercises of lesson 8, judged by test_checks.py."""

import torch


def right_norm(x, weight, bias, style, over=(2, 3), correction=0, eps=1e-5):
    mean, var = x.mean(over, keepdim=True), x.var(over, correction=correction, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight[style][:, :, None, None] + bias[style][:, :, None, None]


def own(network):
    return sum(2 * norm.weight.shape[1] for norm in network.norms())


def everything(network):
    return sum(p.numel() for p in network.parameters())


def right_share(network):
    others = network.norms()[0].weight.shape[0] - 1
    return own(network) / (everything(network) - others * own(network))


def right_mix(rows, shares):
    return shares / shares.sum() @ rows


def right_triangle(point, corners):
    matrix = torch.cat([corners.T, torch.ones(1, 3)])
    return torch.linalg.solve(matrix, torch.cat([point, torch.ones(1)]))


def by_distance(point, corners):
    near = 1 / ((corners - point).norm(dim=1) + 1e-9)
    return near / near.sum()


RIGHT = {"conditional_norm": right_norm, "style_share": right_share, "mix_rows": right_mix, "triangle_shares": right_triangle}
WRONG = {
    "conditional_norm": [
        (lambda x, w, b, s: right_norm(x, b, w, s), "have changed places"),
        (lambda x, w, b, s: right_norm(x, w, b, s, correction=1), "use correction=0"),
        (lambda x, w, b, s: right_norm(x, w, b, s, over=(1, 2, 3)), "each channel has its own"),
        (lambda x, w, b, s: right_norm(x, w, b, s, over=(0, 2, 3)), "Each picture has its own mean"),
        (lambda x, w, b, s: right_norm(x, w, b, torch.ones_like(s)), "three pictures"),
        (lambda x, w, b, s: right_norm(x, w, b, s, eps=0.0), "NaN or infinite"),
        (lambda x, w, b, s: torch.nn.functional.instance_norm(x), "neither scaled nor shifted"),
        (lambda x, w, b, s: right_norm(x, w, b, s)[0], "Shape: your map of one picture has (4, 2, 3)"),
    ],
    "style_share": [
        (lambda n: right_share(n) / 2, "a scale and a shift"),
        (lambda n: 100 * right_share(n), "in per cent"),
        (own, "divide by the network's"),
        (lambda n: own(n) * n.norms()[0].weight.shape[0] / everything(n), "rows of all styles"),
        (lambda n: own(n) / everything(n), "seven styles"),
        (lambda n: len(n.norms()) / everything(n), "all 15 layers"),
        (lambda n: 1600 / 424_899, "Value: your share"),
    ],
    "mix_rows": [
        (lambda r, s: s @ r, "3 to 1 is 0.75 and 0.25"),
        (lambda r, s: s.softmax(0) @ r, "One style alone is its own row"),
        (lambda r, s: r.mean(0), "One style alone"),
        (lambda r, s: r[s.argmax()], "Half of the first row"),
        (lambda r, s: right_mix(r, s)[None], "Shape: your row of (0, 1, 0) has (1, 5)"),
        (lambda r, s: r * s[:, None], "Shape"),
    ],
    "triangle_shares": [
        (by_distance, "Half way along an edge"),
        (lambda p, c: right_triangle(p, c).clamp(0, 1), "leave it so"),
        (lambda p, c: torch.full((3,), 1 / 3), "A corner is its own style"),
        (lambda p, c: torch.cat([p, 1 - p.sum()[None]]), "A corner is its own style"),
        (lambda p, c: right_triangle(p, c)[:2], "Shape: your shares at the second corner has (2,)"),
        (lambda p, c: [0.0, 1.0, 0.0], "Type"),
    ],
}
STUBS = {"conditional_norm": [lambda x, w, b, s: None], "mix_rows": [lambda r, s: ...]}
