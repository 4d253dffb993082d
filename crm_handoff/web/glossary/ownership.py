"""What the figures about who holds leads, and whose turn it is, mean."""

from django.utils.translation import gettext_lazy as _

from crm_handoff.web.glossary.explanation import Explanation

EXPLANATIONS: dict[str, Explanation] = {
    "load": Explanation(
        name=_("Load"),
        meaning=_(
            "Open leads that a rep holds. A full rep is skipped; what a person assigned on top "
            "stands above the capacity."
        ),
        formula=_("assigned and accepted leads ÷ the rep's capacity"),
        window=_("Now."),
        source=_("Capacity is set for each rep, usually 30."),
    ),
    "moves_on": Explanation(
        name=_("What an absence sets going"),
        meaning=_(
            "As it begins, each lead of the rep that nobody has contacted or accepted, and whose "
            "clock runs, goes to who stands in, else by the rules to somebody who is there, else "
            "to the territory's queue. Clocks go on as they were."
        ),
        window=_("Leads that are in work stay with the rep, and none comes back by itself."),
    ),
    "running_clocks": Explanation(
        name=_("Running clocks"),
        meaning=_(
            "Every promise about an open lead that somebody waits for: the first contact, an "
            "answer, an owner, an outcome. Late ones stay here until it happens; paused ones say "
            "when they go on."
        ),
        formula=_("promises that run, are paused, or were missed and not kept since"),
        window=_("Now."),
    ),
    "suspended": Explanation(
        name=_("Out of rotation"),
        meaning=_(
            "Reps who missed first responses again and again. The rotation passes them over; "
            "leads of accounts that are named for them or theirs already still come."
        ),
        window=_("As many misses in as many days as RevOps set in the routing policy."),
        source=_("A manager puts them back; misses are counted anew from then."),
    ),
    "turns_expected": Explanation(
        name=_("Expected"),
        meaning=_("How many turns are a rep's fair share."),
        formula=_("for each turn: weight ÷ weights of all who could have taken it, summed"),
        window=_("The weeks chosen above, this one included."),
        source=_(
            "From the recorded decisions: whoever was full, away, out of rotation or without the "
            "language could not have taken it."
        ),
    ),
    "turns_otherwise": Explanation(
        name=_("Other leads"),
        meaning=_(
            "Leads of the territory that came by name, by account, from its queue by hand, or "
            "from a person. They count toward the load, not as turns."
        ),
        window=_("The weeks chosen above, this one included."),
    ),
    "turns_owed": Explanation(
        name=_("Owed now"),
        meaning=_(
            "Turns that the rotation still owes, for example for an absence or a lead that was "
            "rightly returned. They come back by and by."
        ),
        formula=_("credit ÷ what a turn is worth"),
        window=_("Now."),
    ),
    "turns_skipped": Explanation(
        name=_("Passed over"),
        meaning=_("How often the rotation went past a rep, and for which reason."),
        window=_("The weeks chosen above, this one included."),
    ),
    "waiting": Explanation(
        name=_("Waiting in queues"),
        meaning=_(
            "Leads handed over for whom no rep was free: all full, away, or of another language. "
            "They go to the first who is free, or to whom you assign them; their clocks run."
        ),
        window=_("Now; the longest wait first."),
    ),
}
"""Read by the glossary."""
