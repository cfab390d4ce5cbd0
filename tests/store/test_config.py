"""Settings: the file first, the environment over it, and a mistake named without showing any value."""

from pathlib import Path

import pytest

from schemas.errors import UsageFault
from store.config import TEMPLATE, load

SECRET = "Xq7-not-to-be-shown"


def write(folder: Path, text: str) -> Path:
    """A settings file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "foresatt.toml").write_text(text, encoding="utf-8")
    return folder / "foresatt.toml"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a user without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    return tmp_path


def test_without_a_file_the_defaults_hold(nowhere: Path) -> None:
    """Production, 30 days for originals, 90 for what is held, the register off."""
    house = load(environ={})
    found = house.settings

    assert (None, nowhere / "user/.local/share/foresatt") == (house.config, house.home.root)
    assert ("production", 30, 90, 7) == (
        found.environment,
        found.retention.originals_days,
        found.retention.held_days,
        found.retention.source_copy_days,
    )
    assert not found.folkeregister.on


def test_the_environment_wins_over_the_file(nowhere: Path) -> None:
    """Every setting can come from the environment."""
    file = write(nowhere, 'environment = "test"\n[school]\nname = "Fila"\n[retention]\nheld_days = 60\n')
    environ = {"FORESATT_SCHOOL_NAME": "Miljøet", "FORESATT_RETENTION_ORIGINALS_DAYS": "20", "PATH": "/bin"}
    house = load(environ=environ)

    assert file == house.config
    assert ("test", "Miljøet", 60, 20) == (
        house.settings.environment,
        house.settings.school.name,
        house.settings.retention.held_days,
        house.settings.retention.originals_days,
    )


def test_a_named_file_wins_over_one_that_lies_there(nowhere: Path) -> None:
    """`--config`, then FORESATT_CONFIG, then the working folder, then the user's."""
    write(nowhere, '[school]\nname = "her"\n')
    write(nowhere / "user/.config/foresatt", '[school]\nname = "bruker"\n')
    named, given = write(nowhere / "a", '[school]\nname = "nevnt"\n'), write(nowhere / "b", '[school]\nname = "gitt"\n')
    environ = {"FORESATT_CONFIG": str(named)}

    assert "gitt" == load(given, environ=environ).settings.school.name
    assert "nevnt" == load(environ=environ).settings.school.name
    assert "her" == load(environ={}).settings.school.name
    (nowhere / "foresatt.toml").unlink()
    assert "bruker" == load(environ={}).settings.school.name


def test_a_home_brings_its_own_settings(nowhere: Path) -> None:
    """`--home` alone finds the file that `init` wrote there, not another one."""
    write(nowhere, '[school]\nname = "arbeidsmappe"\n')
    write(nowhere / "home", TEMPLATE.format(environment="test", school="Heimen"))
    house = load(home=nowhere / "home", environ={})

    assert (nowhere / "home", "Heimen", "test") == (
        house.home.root,
        house.settings.school.name,
        house.settings.environment,
    )
    assert nowhere / "home" == load(nowhere / "home/foresatt.toml", environ={}).home.root


def test_the_written_template_is_valid(nowhere: Path) -> None:
    """What `init` writes can be read back, every line that is switched on."""
    write(nowhere, TEMPLATE.format(environment="test", school="Skolen"))

    assert 30 == load(environ={}).settings.retention.originals_days


@pytest.mark.parametrize(
    "text",
    [
        f'[school]\nnavn = "{SECRET}"\n',
        f'[skole]\nname = "{SECRET}"\n',
        f'passphrase = "{SECRET}"\n',
        f'environment = "{SECRET}"\n',
        f'[retention]\noriginals_days = "{SECRET}"\n',
        f'[retention]\nbetween_years_until = "{SECRET}"\n',
        f'email = "{SECRET}"\n',
    ],
    ids=["key", "section", "top", "environment", "number", "pattern", "no section"],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(nowhere: Path, text: str) -> None:
    """Unknown keys and impossible values are refused; the message shows where, never what."""
    write(nowhere, text)
    with pytest.raises(UsageFault) as told:
        load(environ={})

    assert 2 == told.value.exit_code
    assert SECRET not in f"{told.value.message} {told.value.next_step} {told.value.__cause__} {told.value.__context__}"


@pytest.mark.parametrize(
    "name", ["FORESATT_SCHOOL_NAVN", "FORESATT_SKOLE_NAME", "FORESATT_PASSPHRASE", "FORESATT_", "FORESATT_SCHOOL"]
)
def test_an_unknown_variable_is_named_and_its_value_is_not(nowhere: Path, name: str) -> None:
    """A slip in a variable's name is a mistake, not a silent default."""
    with pytest.raises(UsageFault, match="setting_unknown") as told:
        load(environ={name: SECRET})

    assert name in told.value.message
    assert SECRET not in told.value.message


def test_a_section_that_is_none_is_a_mistake_also_with_the_environment(nowhere: Path) -> None:
    """A value where a section belongs does not break the reading of the environment."""
    write(nowhere, 'email = "x"\n')
    with pytest.raises(UsageFault):
        load(environ={"FORESATT_EMAIL_MAX_PARTS": "7"})


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"[school\n", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_said_to_be_none(nowhere: Path, content: bytes) -> None:
    """A damaged settings file stops the software with words, not with a traceback."""
    (nowhere / "foresatt.toml").write_bytes(content)
    with pytest.raises(UsageFault, match="config_unreadable"):
        load(environ={})


def test_a_named_file_that_is_missing_is_a_mistake(nowhere: Path) -> None:
    """A slip in `--config` never means the defaults."""
    with pytest.raises(UsageFault, match="config_missing"):
        load(nowhere / "none.toml", environ={})


@pytest.mark.parametrize("days", ["0", "7", "leave"])
def test_source_copies_stay_seven_days_at_most(nowhere: Path, days: str) -> None:
    """From none to seven days, or "leave" in so many words."""
    found = load(environ={"FORESATT_RETENTION_SOURCE_COPY_DAYS": days}).settings.retention.source_copy_days

    assert days == str(found)


@pytest.mark.parametrize("days", ["8", "-1", "365", "behold"])
def test_source_copies_cannot_stay_longer(nowhere: Path, days: str) -> None:
    """More than seven days is no setting."""
    with pytest.raises(UsageFault, match="setting_wrong"):
        load(environ={"FORESATT_RETENTION_SOURCE_COPY_DAYS": days})
