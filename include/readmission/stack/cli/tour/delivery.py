"""What the hospital of the tour sends: synthetic encounters, some of them damaged."""

from pathlib import Path

import pandas as pd

from readmission.domain import synthetic

ROWS = 3_000
WRONG_AGE, RIGHT_AGE = "[300-310)", "[70-80)"


class Hospital:
    """Appends encounters to a file, as a system that exports every night does.

    Parameters
    ----------
    file : Path
        Created by the first delivery.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._supply = synthetic.encounters(ROWS).to_pandas()
        self._sent = 0

    def send(self, rows: int, wrong: int = 0) -> None:
        """Append the next encounters; the last ones have an impossible age.

        Parameters
        ----------
        rows, wrong : int
            How many, and how many of them are damaged.
        """
        self._append(self._supply.iloc[self._sent : self._sent + rows], wrong)
        self._sent += rows

    def send_again(self, rows: int, wrong: int = 0) -> None:
        """Append the last encounters once more, with fewer mistakes."""
        self._append(self._supply.iloc[self._sent - rows : self._sent], wrong)

    def _append(self, piece: pd.DataFrame, wrong: int) -> None:
        piece = piece.assign(age=piece["age"].where(piece["age"] != "?", RIGHT_AGE))
        if wrong:
            piece.loc[piece.index[-wrong:], "age"] = WRONG_AGE
        piece.to_csv(self._file, mode="a", header=not self._file.exists(), index=False)
