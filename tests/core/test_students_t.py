"""Student's t against the printed tables."""

import pytest

from integration.core.students_t import at_most, below


@pytest.mark.parametrize(
    ("chance", "freedom", "t"),
    [
        pytest.param(0.9, 1, 3.078, id="one degree of freedom"),
        pytest.param(0.9, 2, 1.886, id="two"),
        pytest.param(0.9, 3, 1.638, id="three"),
        pytest.param(0.9, 10, 1.372, id="ten"),
        pytest.param(0.9, 120, 1.289, id="a hundred and twenty"),
        pytest.param(0.975, 1, 12.706, id="one degree of freedom, a fortieth above"),
        pytest.param(0.975, 4, 2.776, id="four, a fortieth above"),
        pytest.param(0.995, 7, 3.499, id="seven, a two-hundredth above"),
    ],
)
def test_the_printed_tables(chance: float, freedom: int, t: float) -> None:
    assert at_most(chance, freedom) == pytest.approx(t, abs=5e-4)
    assert below(t, freedom) == pytest.approx(chance, abs=5e-4)
    assert below(-t, freedom) == pytest.approx(1 - chance, abs=5e-4)


@pytest.mark.parametrize("freedom", [1, 2, 3, 40])
def test_half_of_it_lies_below_nothing(freedom: int) -> None:
    assert below(0, freedom) == 0.5
    assert at_most(0.5, freedom) == pytest.approx(0, abs=1e-12)
