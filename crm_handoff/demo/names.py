"""Names and job titles of the demo's leads, by the language that they speak."""

FIRST_NAMES = {
    "de": (
        "Anna", "Jonas", "Lena", "Felix", "Sophie", "Anton", "Greta", "Maximilian", "Katharina",
        "Moritz", "Johanna", "Florian", "Birgit", "Stefan", "Miriam", "Tobias", "Ursula", "Henrik",
        "Clara", "Andreas", "Nele", "Thomas", "Yasemin", "Matthias", "Franziska", "Emre", "Sabine",
        "Lukas", "Heike", "Paul",
    ),
    "en": (
        "Tom", "Priya", "Owen", "Harriet", "James", "Aoife", "Callum", "Grace", "Daniel", "Imogen",
        "Sean", "Charlotte", "Rhys", "Amelia", "Kwame", "Fiona", "George", "Zara", "Patrick",
        "Eleanor", "Declan", "Hannah", "Ravi", "Megan", "Alistair", "Orla", "Marcus", "Bethany",
        "Neil", "Saoirse",
    ),
    "fr": (
        "Claire", "Luc", "Camille", "Antoine", "Manon", "Julien", "Élise", "Mathieu", "Inès",
        "Olivier", "Chloé", "Nicolas", "Sarah", "Thierry", "Amandine", "Hugo", "Margaux",
        "Stéphane", "Léa", "Baptiste", "Nadia", "Guillaume", "Solène", "Karim", "Agathe", "Benoît",
    ),
}  # fmt: skip
LAST_NAMES = {
    "de": (
        "Keller", "Huber", "Brandt", "Roth", "Gruber", "Vogel", "Olsen", "Schneider", "Baumann",
        "Lehmann", "Krüger", "Seidel", "Winkler", "Özdemir", "Hoffmann", "Lorenz", "Arnold",
        "Pfeiffer", "Graf", "Steiner", "Moser", "Hofer", "Frei", "Zimmermann", "Böhm", "Dietrich",
        "Kowalski", "Engel", "Haas", "Sommer", "Jansen", "Petersen",
    ),
    "en": (
        "Whitaker", "Raman", "Price", "Marsh", "Doyle", "Byrne", "Fletcher", "Okafor", "Sutton",
        "Hughes", "Bennion", "Walsh", "Carter", "Patel", "Gallagher", "Thornton", "Mackenzie",
        "Ellis", "Nolan", "Chambers", "Pritchard", "Osei", "Lowe", "Reid", "Barker", "Keane",
        "Holt", "Sinclair", "Wade", "Murray",
    ),
    "fr": (
        "Dubois", "Bernard", "Lefèvre", "Garnier", "Rousseau", "Fontaine", "Mercier", "Chevalier",
        "Benali", "Gauthier", "Perrin", "Marchand", "Leroux", "Colin", "Dumont", "Renard",
        "Faure", "Blanchard", "Picard", "Vidal", "Lambert", "Carpentier", "Roussel", "Maillard",
    ),
}  # fmt: skip

DECIDERS = {
    "de": (
        "Geschäftsführer", "Chief Revenue Officer", "VP Operations", "Vertriebsleiter",
        "COO", "Managing Director", "CEO", "Head of Sales", "Inhaber", "Director Operations",
    ),
    "en": (
        "CEO", "Chief Operating Officer", "VP Sales", "Founder", "Managing Director",
        "VP Operations", "Chief Revenue Officer", "VP Marketing", "Owner", "CTO",
    ),
    "fr": (
        "Directeur général", "Directrice générale", "Directeur commercial", "PDG",
        "Chief Revenue Officer", "Directrice des opérations", "Gérant", "VP Sales",
    ),
}  # fmt: skip
INFLUENCERS = {
    "de": (
        "Head of Marketing Operations", "Teamleiter Vertrieb", "Marketing Manager",
        "Senior Manager Revenue Operations", "Sales Operations Manager", "Projektleiterin",
    ),
    "en": (
        "Head of Sales Development", "Marketing Operations Manager", "Sales Manager",
        "Senior Manager, Demand Generation", "Revenue Operations Manager", "CRM Manager",
    ),
    "fr": (
        "Responsable marketing", "Responsable commercial", "Chef de projet CRM",
        "Sales Operations Manager", "Responsable des opérations",
    ),
}  # fmt: skip
USERS = {
    "de": (
        "Sachbearbeiterin Vertrieb", "Vertriebsassistenz", "Account Executive",
        "Marketing Specialist",
    ),
    "en": (
        "Sales Development Representative", "Marketing Specialist", "Executive Assistant",
        "Account Executive",
    ),
    "fr": ("Assistante commerciale", "Chargé de marketing", "Commercial", "Marketing Specialist"),
}  # fmt: skip
LEARNERS = {
    "de": ("Werkstudentin", "Praktikant Marketing", "Studentin"),
    "en": ("Student", "Marketing Intern", "PhD candidate"),
    "fr": ("Étudiant", "Stagiaire marketing", "Doctorante"),
}

LANGUAGES = {"DE": "de", "AT": "de", "CH": "de", "FR": "fr", "BE": "fr", "LU": "fr"}
"""What people in a country speak; elsewhere English."""


def language_in(country: str) -> str:
    """Return the language that a lead of a country speaks."""
    return LANGUAGES.get(country, "en")


REVENUE = ("sales", "revenue", "vertrieb", "commercial", "marketing")


def persona_of(title: str) -> str:
    """Return the key of the persona that a job title speaks of."""
    said = title.lower()
    is_revenue = any(word in said for word in REVENUE)
    return "revenue-leader" if is_revenue else "operations-leader"
