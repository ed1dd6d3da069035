"""From runs to answers: the table of runs, statistics over seeds, the measure, and advice."""
