"""What the figures about kept and broken promises of both sides mean."""

from django.utils.translation import gettext_lazy as _

from crm_handoff.web.glossary.explanation import Explanation

EXPLANATIONS: dict[str, Explanation] = {
    "acceptance": Explanation(
        name=_("Acceptance"),
        meaning=_(
            "How many of the leads that sales answered were accepted. Leads that still wait for "
            "an answer are shown beside it and count once they are answered."
        ),
        formula=_("accepted ÷ (accepted + rejected)"),
        window=_("Leads handed over in the week shown, whenever they were answered."),
        source=_("Target 70 % or more. Leads returned after they were accepted count apart."),
    ),
    "batch_misses": Explanation(
        name=_("Below the floor in a batch"),
        meaning=_(
            "How much of what one campaign, source, import or week brought to sales misses the "
            "floor of the agreement. Above the limit sales may reject what of it is still open."
        ),
        formula=_("handed over below the floor ÷ all handed over"),
        window=_("Handed over in the last 28 days; a week counts as a whole."),
        source=_(
            "The limit that both sides signed. It is broken strictly above it, from 20 leads on. "
            "A lead is checked at handover, and again when a fact is corrected."
        ),
    ),
    "floor_misses": Explanation(
        name=_("Below the criteria floor"),
        meaning=_(
            "Leads that marketing handed over though they miss the floor of the agreement. This "
            "is marketing's promise."
        ),
        formula=_("handed over below the floor ÷ all handed over"),
        window=_("Handed over in the week or in the last 28 days, as the figure says."),
        source=_(
            "The limit is the one both sides signed, usually 5 %. It is judged by the last 28 "
            "days, from 20 leads on; below that it is too few to say."
        ),
    ),
    "handed_over": Explanation(
        name=_("Handed over"),
        meaning=_("Leads that met the agreement and were given to sales."),
        formula=_("handoffs opened"),
        window=_(
            "This week so far, in the organization's zone; beside it last week at the same point "
            "and last week in all."
        ),
    ),
    "rejection_reasons": Explanation(
        name=_("Rejection reasons"),
        meaning=_("What sales said when it rejected leads, and from which campaigns those came."),
        formula=_("rejections with the reason ÷ all rejections; those taken back do not count"),
        window=_("The last 4 weeks."),
        source=_(
            "From 20 rejections on it is an alarm when “no fit” is surely above 20 %, “bad "
            "timing” surely above 40 %, or “could not reach” the largest."
        ),
    ),
    "response_misses": Explanation(
        name=_("Missed first responses"),
        meaning=_(
            "First contacts that came later than promised, or not at all. This is sales' promise."
        ),
        formula=_("missed ÷ first-response clocks that came due"),
        window=_(
            "Due in the week or in the last 28 days, as the figure says; business time as each "
            "promise counts it."
        ),
        source=_(
            "The limit is the one both sides signed, usually 10 %. It is judged by the last 28 "
            "days, from 20 clocks on; below that it is too few to say."
        ),
    ),
    "response_rate": Explanation(
        name=_("Missed first responses"),
        meaning=_(
            "First contacts that came later than promised, or not at all, each counted for "
            "whoever held the lead when it came due; a queue's counts for its manager. What a new "
            "owner does after a breach is outside."
        ),
        formula=_("missed ÷ first-response clocks that came due"),
        window=_("The time chosen, up to now; business time as each promise counts it."),
        source=_(
            "The range is a 95 % Wilson interval. Lines stand in the order of its lower end, so "
            "that a single case does not lead the list."
        ),
    ),
    "review_acceptance": Explanation(
        name=_("What sales accepted"),
        meaning=_(
            "How many of the leads that sales answered were accepted, of those handed over under "
            "this version. What was accepted and given back later counts as accepted."
        ),
        formula=_("accepted ÷ (accepted + rejected)"),
        window=_("From the day the version took effect to the day the review opened."),
        source=_("Target 70 % or more. Fewer than 20 answers are too few to say."),
    ),
    "review_rejections": Explanation(
        name=_("Rejected, by criterion"),
        meaning=_(
            "How often sales rejected leads that met a criterion, beside those that did not. A "
            "criterion whose leads are rejected more often lets the wrong people in."
        ),
        formula=_("rejected ÷ answered, each for the leads that met it and for the others"),
        window=_("From the day the version took effect to the day the review opened."),
        source=_(
            "Called more than chance when both groups have 20 leads or more and the 95 % interval "
            "of the difference does not hold zero."
        ),
    ),
}
"""Read by the glossary."""
