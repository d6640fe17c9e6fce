"""Methods for `kansr bench` that do what a method may do at its worst, and two that are quick."""
