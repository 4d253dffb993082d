"""What the figures about one lead, its account and its material mean."""

from django.utils.translation import gettext_lazy as _

from crm_handoff.web.glossary.explanation import Explanation

EXPLANATIONS: dict[str, Explanation] = {
    "account_engaged": Explanation(
        name=_("Engaged people"),
        meaning=_("People of the account who did something that we heard of."),
        formula=_("people with a touchpoint that is no bot's"),
        window=_("The last 30 days, up to now."),
    ),
    "account_score": Explanation(
        name=_("Combined score"),
        meaning=_("What the people of the account amount to together."),
        formula=_("sum of the points that each one's latest evaluation gave"),
        source=_("The points are those of the signed version that judged each lead."),
    ),
    "asset_handed_over": Explanation(
        name=_("Handed over after it"),
        meaning=_("Leads handed to sales who had read, watched or attended this before."),
        formula=_("leads handed over with an earlier touchpoint of the asset, each once"),
        window=_("Handed over in the last 90 days."),
        source=_("It helped; it need not have been the cause."),
    ),
    "asset_touches": Explanation(
        name=_("Touched"),
        meaning=_("How often leads read, watched or attended this."),
        formula=_("touchpoints that name the asset and are no bot's"),
        window=_("The last 90 days."),
    ),
    "assets_without_text": Explanation(
        name=_("Without text"),
        meaning=_(
            "Assets that lack the pain, the question or the proof: a rep cannot make a whole "
            "talking point of them."
        ),
    ),
    "authority_confidence": Explanation(
        name=_("Authority"),
        meaning=_(
            "How much say the person has in a purchase, read from the job title by the rules of "
            "the agreement. A confirmed member of the buying team counts as a decision maker."
        ),
        formula=_("the confidence of the title rule that matched, as marketing and sales agreed"),
    ),
    "journey_stage": Explanation(
        name=_("Journey stage"),
        meaning=_(
            "How far the lead is on the way to a decision: the furthest stage that anything it "
            "read, watched or attended was made for."
        ),
        window=_("The latest 200 touchpoints up to the handoff, and the latest 50 since."),
    ),
    "points": Explanation(
        name=_("Points"),
        meaning=_(
            "What the rules of the signed version gave this lead when it was last judged. Points "
            "order leads and pick promises; stages are reached by levels and criteria."
        ),
        formula=_("sum of the rules shown, each up to its cap, faded by its half-life"),
        window=_("Each rule looks back over the days that it names."),
        source=_("The version that judged the lead, signed by marketing and sales."),
    ),
    "questions": Explanation(
        name=_("Questions"),
        meaning=_(
            "What only a person can judge about a lead that meets everything else on the way to "
            "MQL. The operator of the side that is asked has it, or the deputy."
        ),
        formula=_("open questions; late ones were not answered within the promised time"),
        window=_("Now."),
        source=_(
            "The version that judges the lead: its questions, and how long an answer counts."
        ),
    ),
    "similar_deals": Explanation(
        name=_("Similar deals"),
        meaning=_(
            "Deals that were won with companies of the same industry and size; of equals, with "
            "the same persona, then the same source."
        ),
        formula=_("days to win: from the first touchpoint to the close"),
        window=_("The latest 1,000 deals that were won."),
    ),
    "smallest_change": Explanation(
        name=_("Smallest change"),
        meaning=_(
            "The fewest things this lead could still do, or a person could confirm, that reach "
            "the stage. It was judged as if done, by the same rules, before it is shown here."
        ),
        window=_("The last moment at which it would still suffice is judged too."),
        source=_("The version that would judge the lead now."),
    ),
    "talking_points": Explanation(
        name=_("Order of talking points"),
        meaning=_("By how deep and how recent the interest is in the asset they come from."),
        formula=_(
            "sum over its touchpoints of 1 (a glance) to 4 (asking to buy), halved every 14 days"
        ),
        window=_("The latest 200 touchpoints up to the handoff, and the latest 50 since."),
    ),
}
"""Read by the glossary."""
