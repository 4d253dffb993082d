"""Leads and accounts are matched by more than identity, and say why.

`company_core` is a company's name without case, accents, punctuation and legal form;
`company_form` is that legal form, one word for all its spellings. Indexes rely on both: change
them only together with the indexes.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

FORMS = (
    "gmbh|mbh|ag|kg|kgaa|ohg|gbr|ug|haftungsbeschrankt|se|eg|ev|partg|"
    "ltd|limited|plc|llp|llc|lp|lllp|pllc|inc|incorporated|corp|corporation|co|company|"
    "pty|pte|pvt|private|proprietary|"
    "sa|sas|sasu|sarl|eurl|snc|sca|sl|slu|srl|srls|spa|lda|ltda|cv|"
    "bv|nv|vof|bvba|ab|oy|oyj|aps|as|asa|hf|ehf|"
    "sro|doo|dd|kft|zrt|nyrt|sp zoo|spzoo|zoo|ooo|oao|zao|kk|sdn bhd|bhd|aktiengesellschaft|"
    "gesellschaft mit beschrankter haftung|aktiebolag|kommanditgesellschaft"
)
ONE_WORD = (
    ("incorporated", "inc"),
    ("limited", "ltd"),
    ("corporation", "corp"),
    ("company", "co"),
    ("private", "pvt"),
    ("proprietary", "pty"),
    ("aktiengesellschaft", "ag"),
    ("aktiebolag", "ab"),
    ("kommanditgesellschaft", "kg"),
    ("gesellschaft mit beschrankter haftung", "gmbh"),
    ("mbh", "gmbh"),
    ("haftungsbeschrankt", ""),
    ("sp zoo", "spzoo"),
    ("and", ""),
)


def canonical(form: str) -> str:
    """Write the expression that gives every spelling of a legal form the same words."""
    for spelling, word in ONE_WORD:
        form = rf"regexp_replace({form}, '\m{spelling}\M', '{word}', 'g')"
    return rf"btrim(regexp_replace({form}, '\s+', ' ', 'g'))"


FORM = f"COALESCE(substring(company_words(name) from '((?: (?:and )?(?:{FORMS}))+)$'), '')"

# Bodies are bound when they are made: an index is built without a search path.
FORWARD = rf"""
CREATE FUNCTION company_words(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(regexp_replace(regexp_replace(replace(replace(regexp_replace(
        lower(normalize(name, NFKD)), '[\u0300-\u036f]', '', 'g'), 'ß', 'ss'), '&', ' and '),
        '[[:punct:][:space:]]+', ' ', 'g'),
        '(?<=\m[[:alpha:]]) (?=[[:alpha:]]\M)', '', 'g'));

CREATE FUNCTION company_core(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(company_words(name), '( (and )?({FORMS}))+$', '');

CREATE FUNCTION company_form(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN {canonical(FORM)};

CREATE FUNCTION refuse_account_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two accounts made each other's parents at once see nothing of each other: they take turns.
    PERFORM pg_advisory_xact_lock(hashtext('parents of accounts'));
    IF EXISTS (
        WITH RECURSIVE above (id) AS (
            SELECT NEW.parent_id
            UNION
            SELECT account.parent_id FROM leads_account AS account JOIN above USING (id)
        )
        SELECT FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'account % would own itself', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_does_not_own_itself';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER account_does_not_own_itself BEFORE INSERT OR UPDATE OF parent_id ON leads_account
    FOR EACH ROW WHEN (NEW.parent_id <> NEW.id) EXECUTE FUNCTION refuse_account_cycle();
"""

REVERSE = """
DROP TRIGGER account_does_not_own_itself ON leads_account;
DROP FUNCTION refuse_account_cycle();
DROP FUNCTION company_form(text);
DROP FUNCTION company_core(text);
DROP FUNCTION company_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0010_import_undo")]
    operations = [
        migrations.RunSQL(FORWARD, REVERSE),
        migrations.AddField(
            model_name="lead",
            name="account_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="By what the lead was matched to its account.",
                max_length=300,
            ),
        ),
        migrations.CreateModel(
            name="SuspectedDuplicate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "found_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("lead"), models.F("other"), name="one_suspicion_per_pair"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lead__lt", models.F("other"))),
                        name="suspicion_in_order",
                    ),
                ],
            },
        ),
    ]
