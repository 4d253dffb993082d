"""What the figures about the way from a lead to a won deal mean."""

from django.utils.translation import gettext_lazy as _

from crm_handoff.web.glossary.explanation import Explanation

EXPLANATIONS: dict[str, Explanation] = {
    "direct_sqls": Explanation(
        name=_("Direct SQLs"),
        meaning=_(
            "Leads that became SQL by the direct path, by asking for a demo for example, without "
            "the engagement that the standard path wants."
        ),
        formula=_("leads that became SQL by the direct path ÷ all that became SQL"),
        window=_("The week in which they became SQL."),
        source=_("Usually 15 to 25 % of SQLs."),
    ),
    "flagged_deals": Explanation(
        name=_("Flagged deals"),
        meaning=_("Deals whose dates or origin contradict themselves. They count all the same."),
    ),
    "funnel_days": Explanation(
        name=_("Days to won"),
        meaning=_("Half of the won leads took fewer days, half took more."),
        formula=_("median of the days from first contact to the close of the first won deal"),
        window=_("First contact is the lead's earliest touchpoint."),
    ),
    "funnel_leads": Explanation(
        name=_("Leads"),
        meaning=_("Everybody who is known, whatever became of them; each counts once."),
        window=_("From the beginning until now."),
    ),
    "funnel_won": Explanation(
        name=_("Won"),
        meaning=_("Leads of whom some deal was won; with several deals a lead counts once."),
        window=_("From the beginning until now."),
    ),
    "funnel_won_share": Explanation(
        name=_("Won of leads"),
        meaning=_("How many of all leads became customers so far; young months still grow."),
        formula=_("won ÷ leads"),
        window=_("From the beginning until now."),
    ),
    "mql_to_sql": Explanation(
        name=_("MQL to SQL"),
        meaning=_(
            "How many of the leads that became MQL for the first time became SQL soon after. SQL "
            "is the evaluation where criteria lead, the rep's confirmation where sales confirms."
        ),
        formula=_("became SQL within 4 weeks ÷ became MQL; direct SQLs stand apart"),
        window=_("Leads that became MQL in the 13 weeks that ended 4 weeks ago."),
        source=_(
            "The bands are published ranges where sales confirms: software 28 to 35 %, "
            "professional services 18 to 25 %, manufacturing 15 to 22 %, others 10 to 20 %. The "
            "thin bar is the range that is 95 % sure."
        ),
    ),
    "review_won": Explanation(
        name=_("Won beside all SQLs"),
        meaning=_(
            "How many of the leads that were won met a criterion, beside how many of all that "
            "became SQL by this version. Each is taken as it was judged when it became SQL."
        ),
        formula=_("won that met it ÷ won, beside SQLs that met it ÷ SQLs"),
        window=_("SQLs and won deals from the day the version took effect to the review."),
        source=_(
            "Called more than chance when those that met it and the others are 20 or more each, "
            "and the 95 % interval of the difference between their win rates does not hold zero."
        ),
    ),
    "won": Explanation(
        name=_("Won"),
        meaning=_("Deals won with leads that were handed over under this kind of agreement."),
        formula=_("opportunities closed as won, and their amounts by currency"),
        window=_("The week in which they were closed."),
    ),
}
"""Read by the glossary."""
