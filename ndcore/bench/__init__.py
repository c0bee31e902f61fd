"""What a training step costs, which `ndcore bench` measures and the book's page reads, and what inference costs.

rows, results               the columns of the CSV files; reading and writing them (without torch)
variants, other_process     the ways of training that are compared, those of the original in a process of their own
sampling                    how they are timed in turn
arithmetic                  operations of a step, and how many the machine does per second: the floor
breakdown                   the phases of every deconvolution layer on its own
benchmark, summary          all of it for several networks, and as tables in the terminal
tensor_memory               bytes of tensors alive at once
latency                     what normalisation costs at inference, for the page on using it
"""
