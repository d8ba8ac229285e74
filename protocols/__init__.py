__distribution__ = "insilico-neurophysiology"
