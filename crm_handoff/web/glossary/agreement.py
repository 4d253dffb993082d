"""What the figures about the agreement mean: its text, its signatures, what it would change."""

from django.utils.translation import gettext_lazy as _

from crm_handoff.web.glossary.explanation import Explanation

EXPLANATIONS: dict[str, Explanation] = {
    "content_hash": Explanation(
        name=_("Fingerprint"),
        meaning=_(
            "Stands for the whole text, from the criteria to the SLA terms, limits and operators. "
            "Change a letter, and it is another one: so both signatures are under the same text."
        ),
        formula=_("SHA-256 of the version's file"),
        source=_("Set when the version is submitted; download the file to compute it yourself."),
    ),
    "examples_kept": Explanation(
        name=_("Examples as they must be"),
        meaning=_(
            "Leads that somebody made up or took from life and saved: each says which stage it "
            "must reach, or must not. This text judges them as it would judge a lead."
        ),
        formula=_("examples as they must be, of all in use"),
        window=_("Judged when the page was opened."),
    ),
    "impact": Explanation(
        name=_("Impact"),
        meaning=_(
            "Every live lead is judged by this text as if it came into force at that moment: by "
            "its in-flight plan, its segment and the other definitions. What changes then is what "
            "would change, to the lead; open handoffs stay with sales."
        ),
        formula=_("leads that would meet the stage ÷ leads that meet it now"),
        window=_("As of the moment for which it was asked; later facts are not in it."),
    ),
    "impact_load": Explanation(
        name=_("Load of the reps"),
        meaning=_(
            "What each rep holds, and what the handovers at activation would add: named accounts "
            "to their rep, all others by the weights of the rotation."
        ),
        formula=_("open leads + named accounts' leads + other leads by weight ÷ all weights"),
        window=_("Absences, languages and full reps, whom routing passes over, are left out."),
    ),
    "impact_stages": Explanation(
        name=_("By stage"),
        meaning=_(
            "Live leads by the highest stage whose rules they meet, now and then. A lead keeps "
            "the stage it has even when it meets it no longer."
        ),
        formula=_("leads that would meet it, less those that meet it now"),
        window=_("As of the moment for which the preview was asked."),
    ),
    "signed_limit": Explanation(
        name=_("Signed limit"),
        meaning=_(
            "The share of misses that both sides signed as the most. Above it the one person whom "
            "the agreement names for that side is told, once a week, until somebody says what is "
            "done about it."
        ),
        formula=_("missed ÷ counted, above the limit, from 20 cases on"),
        window=_("The last 28 days, up to now."),
    ),
    "versions_waiting": Explanation(
        name=_("Definitions"),
        meaning=_(
            "Versions that somebody still works on, and whether one is in force. Without one "
            "in force no lead can qualify."
        ),
        window=_("Now."),
    ),
}
"""Read by the glossary."""
