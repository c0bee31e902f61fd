"""What a training step costs: `ndcore bench` measures it, the book's page reads what it wrote.

rows, results               the columns of the CSV files; reading and writing them (without torch)
variants, sampling          the ways of training that are compared, and how they are timed in turn
arithmetic                  operations of a step, and how many the machine does per second: the floor
breakdown                   the phases of every deconvolution layer on its own
benchmark, summary          all of it for several networks, and as tables in the terminal
"""
