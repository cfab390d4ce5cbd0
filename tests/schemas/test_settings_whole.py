"""The settings as a whole: what every section can be handed through."""

from schemas.settings import Settings


def test_the_settings_can_be_looked_through_as_a_dictionary() -> None:
    """Prefect asks `dict()` of every argument: a section called keys must not be taken for a mapping's method."""
    settings = Settings(environment="test")

    assert {name: getattr(settings, name) for name in Settings.model_fields} == dict(settings)
