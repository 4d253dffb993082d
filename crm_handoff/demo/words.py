"""What the demo's reps write: why they refuse a lead, what a call was about, how a deal went."""

from routing.enums import ReasonCategory

REFUSALS = {
    ReasonCategory.NO_FIT: (
        "Two sales people in all: our smallest plan is too big for them.",
        "Everything runs through their parent's shared service centre; nothing is bought locally.",
        "Public tender only, and we are not on the list of suppliers.",
        "They sell through distributors alone: there are no leads to hand over.",
    ),
    ReasonCategory.BAD_TIMING: (
        "Renewed with their current vendor last month; call in spring.",
        "Budget is frozen until the new fiscal year.",
        "In the middle of a CRM migration, no second project before it is done.",
        "The head of sales leaves in two weeks; wait for the successor.",
        "Interested, but the works council decides in the next quarter.",
    ),
    ReasonCategory.NO_INTENT: (
        "Wanted the coffee machine. Does not know what we do.",
        "Writing an article about the market, no project.",
        "Downloaded it for a talk at a meet-up.",
        "Benchmarks vendors every year and never buys, says so openly.",
    ),
    ReasonCategory.WRONG_PERSON: (
        "Left the company in the meantime; no successor named.",
        "Runs the warehouse, not sales. Could not name who does.",
        "The title is on paper only: the group's headquarters decides.",
        "Was asked by a colleague to fill in the form and knows nothing about it.",
    ),
    ReasonCategory.UNREACHABLE: (
        "Five calls and three e-mails in twelve days, never an answer.",
        "The number is a fax, the e-mail bounces.",
        "The assistant blocks every call; no reply on LinkedIn either.",
    ),
    ReasonCategory.DUPLICATE: (
        "Same project as their colleague's, who is in talks with us already.",
        "Private address of somebody whom we know under the company's.",
    ),
    ReasonCategory.COMPETITOR: (
        "Works for a competitor; the company is their sister.",
        "Product manager of a competing vendor, found on LinkedIn.",
    ),
    ReasonCategory.INTERNAL: ("Our own agency testing the form.",),
    ReasonCategory.OTHER: (
        "Wants to sell us something: office furniture.",
        "Asked for a job, forwarded to people operations.",
    ),
}
CALLS = (
    "Wants to see routing with their own territories.",
    "Three teams, two CRMs. The pain is who owns what.",
    "Sales director joins next time; send the agenda before.",
    "Loses leads over the weekend, has counted them.",
    "Compares us with two others, decides by the end of the quarter.",
    "Asked about German data centres and our audit trail.",
    "Needs an offer for 40 users.",
    "Liked the case study, knows the carrier's head of sales.",
)
NEXT_STEPS = (
    "Send the agenda and two dates",
    "Call again about the offer",
    "Demo with the head of operations",
    "Send the security questionnaire",
    "Ask for the territory list",
)
NOTES = (
    "Knows Samir from their last company: mention it.",
    "Prefers e-mail before ten, calls in the afternoon.",
    "Their fiscal year ends in March.",
    "Speaks English with us, German with the team.",
    "Has a spreadsheet of lost leads. Ask for it.",
)
VOUCHERS = (
    "Sat in the first call with the finance director; signs the order form.",
    "Named by the managing director as the one who decides about tools.",
    "Is on the project team, says the minutes that they sent.",
)
DEALS = (
    "Handoff for {company}",
    "{company}: first two teams",
    "{company}: rollout",
    "{company}, pilot",
)
LOSSES = (
    "Chose a competitor: cheaper for small teams",
    "No decision: project postponed",
    "No budget after all",
    "Built it into their CRM",
    "Champion left the company",
)
FULL_REASON = "Knows the customer from the last deal."
CHECKLIST = {
    "budget": (
        ("20,000 a year are set aside", "Said so in the first call, budget line “sales tools”."),
        ("Up to 1,500 a month", "E-mail with the cost centre."),
        ("Within the director's own limit", "Told by phone; the limit is 25,000."),
    ),
    "authority": (
        ("Signs alone", "Owner; the commercial register says so."),
        ("Decides with the head of sales", "Both were in the call."),
        ("Recommends, the managing director signs", "Organization chart sent on Tuesday."),
    ),
    "need": (
        ("Loses one lead in five over the weekend", "Showed the list in the call."),
        ("No overview of who answered whom", "First sentence of the contact form."),
        ("Two reps call the same customer", "Example from last week."),
    ),
    "timing": (
        ("Wants to start next month", "Asked for an offer by Friday."),
        ("Before the season begins", "Season starts in eight weeks, they said."),
        ("Decision within this quarter", "Board meeting is on their calendar."),
    ),
}
