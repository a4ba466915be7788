"""What the tests of bridges share: they record, also where CI runs them."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def _may_record() -> Iterator[None]:
    """Hide that this is CI, where tapes record nothing unless they are forced to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield
