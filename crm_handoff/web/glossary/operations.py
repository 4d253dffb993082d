"""What the figures about the product at work mean: what is pending, stuck or failed."""

from django.utils.translation import gettext_lazy as _

from crm_handoff.web.glossary.explanation import Explanation

EXPLANATIONS: dict[str, Explanation] = {
    "dead_letters": Explanation(
        name=_("Messages given up"),
        meaning=_("E-mails that could not be delivered and are not tried again by themselves."),
        source=_("Find out why in the delivery's attempts, then send them again from there."),
    ),
    "failed_imports": Explanation(
        name=_("Failed imports"),
        meaning=_("Files whose import stopped with an error; none was saved by halves."),
        window=_("Started in the last 7 days."),
    ),
    "health_checks": Explanation(
        name=_("Invariants"),
        meaning=_(
            "What must never be true. The database refuses most of it; these questions find what "
            "happened all the same, and what did not happen though it should have."
        ),
        window=_("Each minute the last two days, once a day the whole history."),
        source=_("The same as `manage.py check_invariants`."),
    ),
    "health_letters": Explanation(
        name=_("Messages to be sent"),
        meaning=_("E-mails that are due and have not left. They leave within a minute."),
    ),
    "health_notices": Explanation(
        name=_("Notices to be told"),
        meaning=_(
            "Notices for which no e-mail has been written yet. It takes 30 seconds at most."
        ),
    ),
    "health_steps": Explanation(
        name=_("Steps of clocks that are due"),
        meaning=_(
            "Warnings, breaches and escalations whose time has come and that have not happened. "
            "They happen within 15 seconds."
        ),
    ),
    "pending_leads": Explanation(
        name=_("Leads to be judged"),
        meaning=_("Leads with new facts that were not judged yet."),
        formula=_("leads whose oldest new fact waits for more than 30 seconds"),
        window=_("Now."),
        source=_("Usually none waits for longer than a second."),
    ),
    "quarantined_calls": Explanation(
        name=_("Webhook calls not understood"),
        meaning=_(
            "Calls that proved their origin but did not fit the mapping. They are kept and can be "
            "read again once the mapping is right."
        ),
    ),
    "reps_left": Explanation(
        name=_("Reps who left"),
        meaning=_("Reps who count as active though the person cannot sign in any more."),
        source=_("Deactivate the rep, then assign what they hold to others."),
    ),
    "signs_of_life": Explanation(
        name=_("Relay and workers"),
        meaning=_("The processes that judge leads, run clocks and send messages."),
        formula=_("each must have reported within the last 15 seconds"),
        window=_("Now."),
    ),
}
"""Read by the glossary."""
