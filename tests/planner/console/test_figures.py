"""How numbers are written for people."""

from __future__ import annotations

import pytest

from planner.console.figures import compact, counted, day, money, percent, quantity, share


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.0, "0"),
        (-0.0, "0"),
        (-0.001, "0.00"),
        (12.5, "12.50"),
        (7352297.4, "7,352,297"),
        (-1234.6, "−1,235"),
    ],
)
def test_money_has_separators_and_a_true_minus(amount, text):
    """Money shows thousands separators, cents below a thousand, a minus sign, and a dash for nothing."""
    assert money(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.0, "0"), (0.25, "0.25"), (0.3333, "0.3333"), (12.0, "12"), (262.5, "262.5"), (1e-5, "1e-05"), (1e-9, "≈ 0")],
)
def test_quantities_keep_about_four_digits(amount, text):
    """Quantities are trimmed to the digits that matter."""
    assert quantity(amount) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.0103, "1.03 %"),
        (1e-12, "≈ 0 %"),
        (1e-7, "< 0.001 %"),
        (-1e-7, "> −0.001 %"),
        (-0.02, "−2 %"),
        (1.114, "111 %"),
    ],
)
def test_percent_keeps_three_digits(part, text):
    """A gap keeps three significant digits, and is called small where nobody would read them."""
    assert percent(part) == text


@pytest.mark.parametrize(
    ("part", "text"), [(0.46, "46.0 %"), (0.0004, "0.04 %"), (-0.0001, "−0.01 %"), (-1e-7, "≈ 0 %"), (0.0, "0.0 %")]
)
def test_shares_have_one_decimal(part, text):
    """A column of shares has one decimal, two where a share is small, and says where it is next to nothing."""
    assert share(part) == text


def test_small_words():
    """Axis numbers are short, nouns agree with their count, days are read from ISO dates."""
    assert (compact(7352297.0), compact(-12000.0), compact(0.5)) == ("7.352 M", "−12 k", "0.5")
    assert (counted(1, "row"), counted(1200, "row")) == ("1 row", "1,200 rows")
    assert (day("2023-05-14"), day("someday")) == ("14 May", "someday")
