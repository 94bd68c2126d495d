"""Help that a new user can read: options explained, defaults said, nothing wider than the terminal."""

import re
from collections.abc import Callable

import pytest
from understudy.experiments.command import main

SYSTEM = "kuramoto-sivashinsky"
Helped = Callable[..., str]
PAGES = {
    "understudy": (),
    **{name: (name,) for name in ("run", "generate", "train", "compare", "check", "show", "bench")},
    "settings": ("run", SYSTEM),
    "settings of the benchmark": ("bench", SYSTEM),
}


@pytest.fixture
def helped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Helped:
    """Asks for help at a width; returns what it said."""

    def ask(*arguments: str, width: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--help"])
        assert ended.value.code == 0
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return ask


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("arguments", PAGES.values(), ids=PAGES)
def test_every_option_is_explained_with_its_default_within_the_terminal(
    helped: Helped, arguments: tuple[str, ...], width: int
) -> None:
    page = helped(*arguments, width=width)
    assert max(len(line) for line in page.splitlines() if not line.startswith("usage: ")) <= width
    for word in ("None", "(default: )", "--no-", "STR ", "`"):
        assert word not in page.replace("[STR [STR ...]]", ""), f"{word} says nothing to a user"
    bare = re.findall(r"(--[\w.-]+)[^│\n]*│\n│ +\(default", page)
    assert bare == [], "these lack an explanation"


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", SYSTEM, "--preset", "quick"),
        ("run", "--preset=quick", SYSTEM),
        ("train", SYSTEM, "--preset=quick"),
    ],
    ids=" ".join,
)
def test_the_settings_of_the_preset_that_is_named_are_listed(
    helped: Helped, arguments: tuple[str, ...]
) -> None:
    page = helped(*arguments)
    assert page.startswith(
        f"Settings of the quick preset. Options before them: understudy {arguments[0]} --help"
    )
    assert re.search(r"--main.train-trajectories INT[^(]*\(default: 4\)", page)


def test_a_misspelt_system_or_preset_is_answered_before_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "kuramoto-sivashinski", "--help"]) == 1
    assert main(["run", SYSTEM, "--preset", "quik", "--help"]) == 1
    said = capsys.readouterr().err
    assert "did you mean 'kuramoto-sivashinsky'?" in said
    assert "did you mean 'quick'?" in said


def test_a_stage_offers_only_what_it_uses(helped: Helped) -> None:
    assert "--surrogates" not in helped("generate")
    assert "--device" not in helped("generate")
    assert "--workers" not in helped("compare")
    assert all(option in helped("run") for option in ("--surrogates", "--device", "--workers", "--quiet"))
