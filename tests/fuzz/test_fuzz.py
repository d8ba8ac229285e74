"""Bad input ends in an error that teaches: never in another's error, never in silence."""

from tests.fuzz.campaign import Campaign


def test_bad_input_is_refused_clearly():
    campaign = Campaign()
    campaign.run(300, seed=0)
    assert campaign.total("silent") == 0, campaign.table()
    assert campaign.total("unclear", "silent") <= 3, campaign.table()
    assert campaign.counts["command line", "unclear"] == 0, campaign.table()
