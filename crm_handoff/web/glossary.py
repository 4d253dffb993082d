"""What the figures on the pages mean: one entry a figure, shown by the `explain` tag.

Keys stand in alphabetical order. A template names a key; a test holds that each key that a
template names is here, and that each that is here is named by a template.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Explanation:
    """A figure in words: its name, what it says, and, where they apply, the rest.

    formula: how it is computed; window: over which time, in which zone; source: where its limit
    or comparison comes from.
    """

    name: Text
    meaning: Text
    formula: Text = ""
    window: Text = ""
    source: Text = ""


GLOSSARY: dict[str, Explanation] = {
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
    "content_hash": Explanation(
        name=_("Fingerprint"),
        meaning=_(
            "Stands for the whole text, from the criteria to the SLA terms, limits and operators. "
            "Change a letter, and it is another one: so both signatures are under the same text."
        ),
        formula=_("SHA-256 of the version's file"),
        source=_("Set when the version is submitted; download the file to compute it yourself."),
    ),
    "dead_letters": Explanation(
        name=_("Messages given up"),
        meaning=_("E-mails that could not be delivered and are not tried again by themselves."),
        source=_("Find out why in the delivery's attempts, then send them again from there."),
    ),
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
    "examples_kept": Explanation(
        name=_("Examples as they must be"),
        meaning=_(
            "Leads that somebody made up or took from life and saved: each says which stage it "
            "must reach, or must not. This text judges them as it would judge a lead."
        ),
        formula=_("examples as they must be, of all in use"),
        window=_("Judged when the page was opened."),
    ),
    "failed_imports": Explanation(
        name=_("Failed imports"),
        meaning=_("Files whose import stopped with an error; none was saved by halves."),
        window=_("Started in the last 7 days."),
    ),
    "flagged_deals": Explanation(
        name=_("Flagged deals"),
        meaning=_("Deals whose dates or origin contradict themselves. They count all the same."),
    ),
    "floor_misses": Explanation(
        name=_("Below the criteria floor"),
        meaning=_(
            "Leads that marketing handed over though they miss the floor of the agreement. This "
            "is marketing's promise."
        ),
        formula=_("handed over below the floor ÷ all handed over"),
        window=_("The week in which they were handed over."),
        source=_(
            "The limit is the one both sides signed, usually 5 %. It counts from 20 leads on; "
            "below that it is too few to say."
        ),
    ),
    "floor_misses_28_days": Explanation(
        name=_("Below the criteria floor"),
        meaning=_(
            "Leads that marketing handed over though they miss the floor of the agreement. This "
            "is marketing's promise."
        ),
        formula=_("handed over below the floor ÷ all handed over"),
        window=_("Handed over in the last 28 days."),
        source=_(
            "The line is the limit that both sides signed. It counts from 20 leads on; below that "
            "it is too few to say."
        ),
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
    "handed_over": Explanation(
        name=_("Handed over"),
        meaning=_("Leads that met the agreement and were given to sales."),
        formula=_("handoffs opened"),
        window=_(
            "This week so far, in the organization's zone; beside it last week at the same point "
            "and last week in all."
        ),
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
    "journey_stage": Explanation(
        name=_("Journey stage"),
        meaning=_(
            "How far the lead is on the way to a decision: the furthest stage that anything it "
            "read, watched or attended was made for."
        ),
        window=_("The latest 200 touchpoints up to the handoff, and the latest 50 since."),
    ),
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
    "pending_leads": Explanation(
        name=_("Leads to be judged"),
        meaning=_("Leads with new facts that were not judged yet."),
        formula=_("leads whose oldest new fact waits for more than 30 seconds"),
        window=_("Now."),
        source=_("Usually none waits for longer than a second."),
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
    "quarantined_calls": Explanation(
        name=_("Webhook calls not understood"),
        meaning=_(
            "Calls that proved their origin but did not fit the mapping. They are kept and can be "
            "read again once the mapping is right."
        ),
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
    "reps_left": Explanation(
        name=_("Reps who left"),
        meaning=_("Reps who count as active though the person cannot sign in any more."),
        source=_("Deactivate the rep, then assign what they hold to others."),
    ),
    "response_misses": Explanation(
        name=_("Missed first responses"),
        meaning=_(
            "First contacts that came later than promised, or not at all. This is sales' promise."
        ),
        formula=_("missed ÷ first-response clocks that came due"),
        window=_("The week in which they came due; business time as each promise counts it."),
        source=_(
            "The limit is the one both sides signed, usually 10 %. It counts from 20 clocks on; "
            "below that it is too few to say."
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
    "signs_of_life": Explanation(
        name=_("Relay and workers"),
        meaning=_("The processes that judge leads, run clocks and send messages."),
        formula=_("each must have reported within the last 15 seconds"),
        window=_("Now."),
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
    "suspended": Explanation(
        name=_("Out of rotation"),
        meaning=_(
            "Reps who missed first responses again and again. The rotation passes them over; "
            "leads of accounts that are named for them or theirs already still come."
        ),
        window=_("As many misses in as many days as RevOps set in the routing policy."),
        source=_("A manager puts them back; misses are counted anew from then."),
    ),
    "talking_points": Explanation(
        name=_("Order of talking points"),
        meaning=_("By how deep and how recent the interest is in the asset they come from."),
        formula=_(
            "sum over its touchpoints of 1 (a glance) to 4 (asking to buy), halved every 14 days"
        ),
        window=_("The latest 200 touchpoints up to the handoff, and the latest 50 since."),
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
        formula=_("credit ÷ weights of all who work the territory"),
        window=_("Now."),
    ),
    "turns_skipped": Explanation(
        name=_("Passed over"),
        meaning=_("How often the rotation went past a rep, and for which reason."),
        window=_("The weeks chosen above, this one included."),
    ),
    "versions_waiting": Explanation(
        name=_("Definitions"),
        meaning=_(
            "Versions that somebody still works on, and whether one is in force. Without one "
            "in force no lead can qualify."
        ),
        window=_("Now."),
    ),
    "waiting": Explanation(
        name=_("Waiting in queues"),
        meaning=_(
            "Leads handed over for whom no rep was free: all full, away, or of another language. "
            "They go to the first who is free, or to whom you assign them; their clocks run."
        ),
        window=_("Now; the longest wait first."),
    ),
    "won": Explanation(
        name=_("Won"),
        meaning=_("Deals won with leads that were handed over under this kind of agreement."),
        formula=_("opportunities closed as won, and their amounts by currency"),
        window=_("The week in which they were closed."),
    ),
}
"""Every figure that a page explains, by key."""
