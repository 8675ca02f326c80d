"""Right and wrong answers to the exercises of lesson 4, judged by test_checks.py."""


def right_direction(gradient, s, y):
    if s @ y <= 1e-8 * s.norm() * y.norm():
        return -gradient
    alpha = (s @ gradient) / (s @ y)
    r = (s @ y) / (y @ y) * (gradient - alpha * y)
    return -(r + s * (alpha - (y @ r) / (s @ y)))


def direction_with_fixed_test(gradient, s, y):
    return -gradient if s @ y <= 1e-8 else right_direction(gradient, s, y)


def direction_without_test(gradient, s, y):
    alpha = (s @ gradient) / (s @ y)
    r = (s @ y) / (y @ y) * (gradient - alpha * y)
    return -(r + s * (alpha - (y @ r) / (s @ y)))


def direction_without_gamma(gradient, s, y):
    alpha = (s @ gradient) / (s @ y)
    r = gradient - alpha * y
    return -(r + s * (alpha - (y @ r) / (s @ y)))


def right_variation(image):
    return image.diff(dim=-2).square().mean() + image.diff(dim=-1).square().mean()


def counting(calls_only=False, once=False, extra=0, as_list=False):
    def count(function, start, make_optimiser, calls):
        x, runs = start.clone().requires_grad_(), []
        optimiser = make_optimiser(x)

        def closure():
            runs.append(1)
            x.grad = None
            loss = function(x)
            loss.backward()
            return loss

        for _ in range(1 if once else calls):
            optimiser.step(closure)
        return runs if as_list else calls if calls_only else len(runs) + extra

    return count


RIGHT = {"one_pair_direction": right_direction, "total_variation": right_variation, "count_evaluations": counting()}
WRONG = {
    "one_pair_direction": [
        (lambda g, s, y: -right_direction(g, s, y), "uphill"),
        (direction_without_gamma, "Is gamma there"),
        (direction_without_test, "curvature test failed"),
        (direction_with_fixed_test, "not with a fixed number"),
        (lambda g, s, y: right_direction(g, s, y)[None], "Shape"),
    ],
    "total_variation": [
        (lambda x: x.diff(dim=-2).abs().mean() + x.diff(dim=-1).abs().mean(), "squared here"),
        (lambda x: x.diff(dim=-1).square().mean(), "vertical differences are missing"),
        (lambda x: x.diff(dim=-2).square().mean(), "horizontal differences there"),
        (lambda x: x.diff(dim=-2).square().sum() + x.diff(dim=-1).square().sum(), "mean of the squared"),
        (lambda x: float(right_variation(x)), "not a float"),
        (lambda x: x.diff(dim=-2).square(), "Shape"),
    ],
    "count_evaluations": [
        (counting(calls_only=True), "calls of step()"),
        (counting(once=True), "as for one call"),
        (counting(extra=1), "and only there"),
        (counting(as_list=True), "Type"),
    ],
}
STUBS = {"total_variation": [lambda image: None, lambda image: ...]}
