"""`foresatt bench mail` in small: that it measures what it says. What it finds is for the benchmark itself."""

from console.bench_mail import mail_figures


def test_the_figures_of_the_mail_bench() -> None:
    """Every figure that must be there is there, and each mail was opened, read and taken in on the way."""
    said: list[str] = []
    figures = {one["name"]: one for one in mail_figures(said.append, mails=3, flat=6)}

    assert {"cpu_ratio_to_gpg", "cpu_ratio_to_gpg_whole_intake", "extra_mb_6", "mails_per_second"} <= set(figures)
    assert figures["cpu_ratio_to_gpg_whole_intake"]["value"] > figures["cpu_ratio_to_gpg"]["value"] > 0
    assert all(one["floor"] and one["value"] >= 0 for one in figures.values())
    assert said
