//! The shapes of answers, written by hand beside `wire` and the routes that give them.
//!
//! A test of the service compares them with real answers: every member that is sent is described,
//! and every member that is required is sent.

use serde_json::{Map, Value, json};

use super::{explanation, schema_ref};
use crate::decision::{Factor, Proof};
use crate::shell::client::LEVELS;
use features::field::EventType;
use features::lists::KINDS;

/// Every schema of an answer, by name.
pub(super) fn answers() -> Map<String, Value> {
    let schemas = [
        ("decision", decision()),
        ("client_decision", client_decision()),
        ("recorded_decision", recorded_decision()),
        ("explanation", explanation::explanation()),
        ("condition", explanation::condition()),
        ("action", action()),
        ("hints", hints()),
        ("exemption", exemption()),
        ("issuer_request", issuer_request()),
        ("retry", retry()),
        ("record", record()),
        ("recorded", recorded()),
        ("recorded_line", recorded_line()),
        ("lists", lists()),
        ("entries", entries()),
        ("entry_change", entry_change()),
        ("list_changed", list_changed()),
        ("features", features()),
        ("policy", policy()),
        ("status", object(&[("status", text("`ok` or `ready`."))], &[])),
        ("problem", problem()),
        ("fault", fault()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// An object whose first members are always there.
pub(super) fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let members: Map<String, Value> = required
        .iter()
        .chain(optional)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": names, "properties": members })
}

pub(super) fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

pub(super) fn number(description: &str) -> Value {
    json!({ "type": "number", "description": description })
}

pub(super) fn integer(description: &str) -> Value {
    json!({ "type": "integer", "description": description })
}

pub(super) fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

pub(super) fn list(items: Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

/// A schema that null satisfies too.
pub(super) fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

pub(super) fn names(list: &[&str]) -> Value {
    json!({ "type": "string", "enum": list })
}

/// The members of a minimal answer are always there; those of a full one follow them.
fn decision() -> Value {
    let mut members = head();
    let head_count = members.len();
    members.extend(rest());
    members.push(("record", schema_ref("record")));
    members.push(("timing_us", timing()));
    members.push(networks());
    object(&members[..head_count], &members[head_count..])
}

/// What `detail=client` leaves of it.
fn client_decision() -> Value {
    let head = head();
    let of_head = |name: &str| {
        let found = head.iter().find(|(known, _)| *known == name);
        found.map(|(_, schema)| schema.clone()).unwrap_or_default()
    };
    let option = object(
        &[
            ("factor", names(&Factor::ALL.map(Factor::name))),
            ("rank", integer("1 is the best.")),
            ("ttl_s", integer("Seconds the customer may take.")),
            ("max_attempts", integer("Tries the customer has.")),
        ],
        &[],
    );
    let hints = object(
        &[
            ("options", list(option, "Factors to ask for, best first.")),
            ("combine", names(&["any", "all"])),
            ("message_key", text("What the customer reads.")),
        ],
        &[],
    );
    let copied = ["event_id", "decision", "actions", "customer_message_key", "valid_until_ms"];
    let mut members: Vec<(&str, Value)> =
        copied.iter().map(|name| (*name, of_head(name))).collect();
    members.push(("risk", or_null(names(&LEVELS))));
    members.push(("hints", or_null(hints)));
    object(&members, &[])
}

fn recorded_decision() -> Value {
    let mut members = head();
    members.extend(rest());
    members.push(("record", schema_ref("record")));
    object(&members, &[networks()])
}

/// In every answer of a service that looks addresses up.
fn networks() -> (&'static str, Value) {
    let files = "Files that the address was looked up in, as `name@version`; the first one that \
        says something is believed.";
    ("networks", list(json!({ "type": "string" }), files))
}

fn head() -> Vec<(&'static str, Value)> {
    let degraded = "Parts that the decision had to do without: `model`, `journal`, \
        `too_late_to_count`, `clock_skew`, `unknown_name`, `ignored_factor`.";
    vec![
        ("event_id", text("Id of the event.")),
        ("decision_id", text("16 hex digits of event, policy and model.")),
        ("decision", names(&["approve", "challenge", "decline"])),
        ("actions", list(schema_ref("action"), "What goes with the decision.")),
        (
            "risk_score",
            or_null(json!({
                "type": "integer", "minimum": 0, "maximum": 999,
                "description": "500 is odds of 1 in 1,000; 50 more double the odds.",
            })),
        ),
        ("band", or_null(text("Name of the policy's band that holds the probability."))),
        ("hints", or_null(schema_ref("hints"))),
        ("customer_message_key", or_null(text("What the customer may be told."))),
        ("valid_until_ms", integer("The decision is void from then on.")),
        ("ruleset_version", text("16 hex digits of the policy's content.")),
        ("model_version", or_null(text("16 hex digits of the model's content."))),
        ("degraded", list(json!({ "type": "string" }), degraded)),
    ]
}

fn rest() -> Vec<(&'static str, Value)> {
    let reason = object(
        &[
            ("code", text("Stable name of the reason.")),
            ("num", integer("Stable number of the reason.")),
            ("contribution", or_null(number("Log-odds that the model gives to it."))),
            ("source", names(&["rule", "model", "list", "policy"])),
        ],
        &[],
    );
    let cost = || number("USD.");
    let costs =
        object(&[("approve", cost()), ("challenge", or_null(cost())), ("decline", cost())], &[]);
    let posterior = json!({
        "type": "object", "additionalProperties": { "type": "number" },
        "description": "The likeliest attack vectors, V1 to V9, and their weights.",
    });
    let facts = json!({
        "type": "object",
        "additionalProperties": { "type": ["number", "boolean", "string", "null"] },
        "description": "Every fact the decision was made on, as of then; null is unknown.",
    });
    let effect = object(
        &[
            ("list", text("Name of the list; of a tag, entity:tag.")),
            ("field", text("Which value of the event.")),
            ("until_ms", or_null(integer("Milliseconds since 1970 UTC; null for no end."))),
            ("by", text("Name of the rule or band.")),
        ],
        &[],
    );
    let warning = object(
        &[("code", text("Stable name.")), ("detail", text("What was odd about the event."))],
        &[],
    );
    vec![
        (
            "p_fraud",
            or_null(json!({ "type": "number", "minimum": 0, "maximum": 1,
                "description": "Calibrated probability of fraud." })),
        ),
        ("typology_posterior", posterior),
        ("reasons", list(reason, "At most 8, most important first.")),
        ("effects", list(effect, "What comes onto lists for later events; tags are such lists.")),
        ("exemption", or_null(schema_ref("exemption"))),
        ("iso8583_suggest", or_null(text("Response code to send on."))),
        ("three_ds_suggest", or_null(text("What to ask the issuer for."))),
        ("three_ds", or_null(schema_ref("issuer_request"))),
        ("retry", or_null(schema_ref("retry"))),
        ("expected_cost_usd", or_null(costs)),
        ("steering", steering()),
        ("rules", rules()),
        ("policy_version", text("Name and version of the policy.")),
        ("feature_schema_hash", text("16 hex digits of the facts' names and definitions.")),
        ("calibration_version", or_null(text("Version of the calibration."))),
        ("warnings", list(warning, "What was odd about the event and did not stop it.")),
        ("facts", facts),
    ]
}

fn steering() -> Value {
    let share =
        |said: &str| json!({ "type": "number", "minimum": 0, "maximum": 1, "description": said });
    let exploration = object(
        &[
            (
                "propensity",
                share("Probability with which such a refusal was approved at that moment."),
            ),
            ("explored", flag("Whether it was approved.")),
            ("at_risk_usd", number("Amount at risk, USD.")),
        ],
        &[],
    );
    object(
        &[
            (
                "challenge_price_usd",
                number("Price of a challenge that the decision was made with."),
            ),
            ("askable", share("Genuine customers who could have been challenged, in expectation.")),
            ("exploration", or_null(exploration)),
        ],
        &[],
    )
}

fn rules() -> Value {
    let rule = || text("Name of a rule.");
    let suppressed = object(&[("rule", rule()), ("by", text("Name of an exemption."))], &[]);
    let undecided = object(&[("rule", rule()), ("missing", text("Name of a fact."))], &[]);
    object(
        &[
            ("hit", list(rule(), "Rules that voted.")),
            ("suppressed", list(suppressed, "Rules that an exemption kept from voting.")),
            ("shadow", list(rule(), "Rules on trial that would have voted.")),
            ("undecided", list(undecided, "Rules whose condition is unknown, and why.")),
        ],
        &[],
    )
}

fn action() -> Value {
    let known = [
        "review",
        "hold_until_ms",
        "limit_to_minor",
        "freeze_account",
        "freeze_card",
        "notify_customer",
        "delay_settlement",
        "warn_interstitial",
        "block_retry_until_ms",
    ];
    object(
        &[("action", names(&known))],
        &[
            ("until_ms", integer("Milliseconds since 1970 UTC.")),
            ("to_minor", integer("Minor units of the base currency.")),
        ],
    )
}

fn hints() -> Value {
    let factor = || names(&Factor::ALL.map(Factor::name));
    let three_ds = object(&three_ds()[..1], &three_ds()[1..]);
    let option = object(
        &[
            ("factor", factor()),
            ("rank", integer("1 is the best.")),
            ("strength", names(&["none", "S1", "S2", "S3", "S4"])),
            ("proves", text("C cardholder, U wallet user, I legal identity.")),
            ("expected_pass_legit", number("Share of genuine customers who pass.")),
            ("expected_abandon_legit", number("Share of genuine customers who give up.")),
            ("expected_pass_fraud", number("Share of the suspected attackers who pass.")),
            ("expected_cost_usd", number("Expected cost of asking it.")),
            ("ttl_s", integer("Seconds the customer may take.")),
            ("max_attempts", integer("Tries the customer has.")),
        ],
        &[("three_ds", three_ds)],
    );
    let forbidden = object(&[("factor", factor()), ("why", text("Code of the reason."))], &[]);
    let on_pass = object(
        &[("decision", names(&["approve"]))],
        &[
            ("limit_to_minor", integer("Largest amount then allowed, base currency.")),
            ("limit_for_h", integer("Hours for which that holds for all the account does.")),
            ("trust_device_after_h", integer("Hours after which the device is trusted.")),
        ],
    );
    let on_fail = || {
        let cooldown = integer("Seconds before the next try.");
        object(&[("decision", names(&["decline"])), ("cooldown_s", cooldown)], &[])
    };
    let proofs = names(&Proof::ALL.map(Proof::name));
    let strengths = ["none", "S1", "S2", "S3", "S4"];
    let bound_to = json!({
        "type": "object", "additionalProperties": { "type": ["string", "integer"] },
        "description": "Members of the event that the proof is for, by path. A pass holds for an \
            event that says the same of each, until `valid_until_ms`; for any other it is void.",
    });
    object(
        &[
            ("required", flag("The act must wait for the proof.")),
            ("floor", names(&strengths)),
            ("must_prove", list(proofs, "Who must be shown to be present.")),
            ("options", list(option, "Factors to ask for, best first.")),
            ("combine", names(&["any", "all"])),
            ("forbidden", list(forbidden, "Factors that must not be asked for, and why.")),
            ("on_pass", on_pass),
            ("on_fail", on_fail()),
            ("on_abandon", on_fail()),
            ("bound_to", bound_to),
            ("message_key", text("What the customer reads.")),
        ],
        &[("remembered", names(&strengths))],
    )
}

/// The elements of EMV 3DS that every request has; the first always.
fn three_ds() -> Vec<(&'static str, Value)> {
    vec![
        ("challenge_ind", text("threeDSRequestorChallengeInd.")),
        ("trans_type", text("transType; absent where nothing is bought.")),
        ("req_auth_method", text("threeDSReqAuthMethod: how the customer signed in.")),
        ("prior_auth_method", text("threeDSReqPriorAuthMethod: how the cardholder was proven.")),
    ]
}

fn issuer_request() -> Value {
    let known = |what: &str| text(&format!("{what}; absent when it is not known."));
    let count = |what: &str| integer(&format!("{what}; absent when it is not known."));
    let data = object(
        &[("suspicious_activity", text("suspiciousAccActivity: 01 none was seen, 02 some was."))],
        &[
            ("account_age_indicator", known("chAccAgeInd")),
            ("account_change_indicator", known("chAccChangeInd")),
            ("password_change_indicator", known("chAccPwChangeInd")),
            ("payment_account_indicator", known("paymentAccInd")),
            ("add_card_attempts_day", count("provisionAttemptsDay")),
            ("past_transactions_day", count("txnActivityDay")),
            ("past_transactions_year", count("txnActivityYear")),
            ("purchases_last_6_months", count("nbPurchaseAccount")),
            ("delivery_timeframe", known("deliveryTimeframe")),
        ],
    );
    let mut members = three_ds();
    members.insert(1, ("issuer_data", data));
    let mut request = object(&members[..2], &members[2..]);
    request["description"] = "What to send to the card's issuer.".into();
    request
}

fn retry() -> Value {
    let advice =
        ["never_retry", "limit_reached", "authenticate_first", "update_data_first", "retry_after"];
    let count = |what: &str| or_null(integer(what));
    let mut retry = object(
        &[
            ("advice", names(&advice)),
            ("not_before_ms", or_null(integer("When to retry; null where nobody says."))),
            ("declined_24h", count("Refusals of the card by its issuer in 24 hours.")),
            ("declined_30d", count("The same in 30 days.")),
            ("declined_same_amount_30d", count("Those of the same amount.")),
        ],
        &[],
    );
    retry["description"] = "After an issuer's refusal, which counts itself, or a decline of what \
        would have gone to the issuer: what the schemes allow."
        .into();
    retry
}

fn exemption() -> Value {
    let checks = [
        "abnormal_spend",
        "unusual_device",
        "malware",
        "known_scenario",
        "abnormal_payer_location",
        "high_risk_payee_location",
    ];
    let checks: Vec<(&str, Value)> =
        checks.iter().map(|name| (*name, flag("A finding against an exemption."))).collect();
    let may = || flag("Whether it could be claimed.");
    object(
        &[
            ("sca_scope", names(&["in_scope", "one_leg_out", "out_of_scope", "unknown"])),
            ("exempt_low_value", may()),
            ("exempt_tra", may()),
            ("exempt_recurring", may()),
            ("exempt_trusted", may()),
            ("exempt_corporate", may()),
            ("exempt_transit", may()),
            ("tra_checks", object(&checks, &[])),
            (
                "low_value_count_since_sca",
                or_null(integer("Payments since the cardholder's last challenge, as seen here.")),
            ),
            (
                "low_value_sum_since_sca_eur_minor",
                or_null(integer("The sum of them in euro cents, rather more than less.")),
            ),
            ("liability_shift_expected", flag("The issuer is expected to bear a fraud.")),
        ],
        &[],
    )
}

fn timing() -> Value {
    let stage = || integer("Microseconds.");
    let members = [("parse", stage()), ("fold", stage()), ("judge", stage()), ("total", stage())];
    let mut timing = object(&members, &[]);
    timing["description"] = "How long a fresh decision took; absent when it is given again.".into();
    timing
}

fn record() -> Value {
    object(
        &[
            ("sequence", or_null(integer("Place in the journal; null when it took no record."))),
            (
                "state",
                json!({
                    "type": "string", "enum": ["durable", "pending"],
                    "description": "`durable` when it is on the disk. `pending` when it was not \
                        yet when the answer left; with `journal` in `degraded` it may never be.",
                }),
            ),
            ("applied", flag("Whether the event counts in later windows.")),
        ],
        &[],
    )
}

fn recorded() -> Value {
    object(
        &[
            ("event_id", text("Id of the event.")),
            ("event_type", text("Type of the event.")),
            ("record", schema_ref("record")),
            ("replayed", flag("Whether it had been recorded before.")),
            ("degraded", list(names(&["journal"]), "What the record had to do without.")),
            ("warnings", list(schema_ref("fault"), "What was odd about the event.")),
        ],
        &[],
    )
}

fn recorded_line() -> Value {
    object(
        &[
            ("line", integer("Number of the line in the body, from 1; blank lines count.")),
            ("status", integer("The status that the line would have had alone.")),
        ],
        &[
            ("event_id", text("Id of the event.")),
            ("event_type", text("Type of the event.")),
            ("record", schema_ref("record")),
            ("replayed", flag("Whether it had been recorded before.")),
            ("degraded", list(names(&["journal"]), "What the record had to do without.")),
            ("warnings", list(schema_ref("fault"), "What was odd about the event.")),
            ("problem", schema_ref("problem")),
        ],
    )
}

fn lists() -> Value {
    let one = object(
        &[
            ("name", text("Its name; of a tag, the entity and the tag with a colon between.")),
            ("title", text("What it is for.")),
            ("kind", names(&KINDS.map(|(name, _)| name))),
            ("entries", integer("Entries that are kept, some that ended of late included.")),
            ("hits", integer("Decided events that met one of its entries.")),
            ("used_by", list(json!({ "type": "string" }), "Rules and others that use it.")),
        ],
        &[],
    );
    object(&[("lists", list(one, "All lists of the policy in force."))], &[])
}

fn entries() -> Value {
    let time = |what: &str| or_null(integer(what));
    let entry = object(
        &[
            ("value", text("The entry in its canonical form.")),
            ("reason", text("Why it is there.")),
            ("source", text("Where it comes from.")),
            ("who", text("Who put it there.")),
            ("from_ms", time("From when; null from ever.")),
            ("until_ms", time("Until when; null until somebody takes it off.")),
            ("scope", list(names(&EventType::NAMES), "Event types it counts for; empty for all.")),
            ("tenant_id", or_null(integer("The tenant it counts for; null for all."))),
            ("hits", integer("Decided events that met it.")),
        ],
        &[],
    );
    object(
        &[
            ("list", text("The list.")),
            ("kind", names(&KINDS.map(|(name, _)| name))),
            ("at_ms", integer("When this was or is so.")),
            ("entries", list(entry, "A page of entries.")),
            ("next", or_null(integer("Where to go on; null at the end."))),
        ],
        &[],
    )
}

fn entry_change() -> Value {
    let mut change = object(
        &[("value", text("A value, network, range, prefix or domain, as the list holds."))],
        &[
            ("op", json!({ "type": "string", "enum": ["add", "remove"], "default": "add" })),
            ("reason", text("Why.")),
            ("source", text("Where it comes from.")),
            ("from_ms", integer("From when, if later than now.")),
            ("until_ms", integer("Until when.")),
            ("scope", list(names(&EventType::NAMES), "Event types it counts for; empty for all.")),
        ],
    );
    change["additionalProperties"] = json!(false);
    change
}

fn list_changed() -> Value {
    object(
        &[
            ("list", text("The list.")),
            ("changes", integer("Entries that were added or removed.")),
            ("record", or_null(schema_ref("record"))),
        ],
        &[],
    )
}

fn features() -> Value {
    let feature = object(
        &[
            ("name", text("Name in rules and models.")),
            ("id", text("Number in the catalogue; empty for a policy's own.")),
            ("entity", text("Entities whose past it reads; `event` when it reads none.")),
            ("windows", list(text("As the language writes it."), "Windows; `life` is for life.")),
            ("windows_ms", list(integer("Milliseconds."), "Windows; 0 is for life.")),
            ("unit", text("Unit of the value.")),
            ("missing", text("What it reads when there is nothing to read.")),
            ("meaning", text("What it says.")),
            ("cost", integer("Relative cost.")),
            ("is_builtin", flag("Whether it comes with the engine.")),
        ],
        &[],
    );
    object(
        &[
            ("schema", text("16 hex digits of the facts' names and definitions.")),
            ("features", list(feature, "The catalogue and the policy's own.")),
        ],
        &[],
    )
}

fn policy() -> Value {
    let model = object(&[("name", text("Its name.")), ("version", text("16 hex digits."))], &[]);
    let staged = object(
        &[
            ("name", text("The name it gives itself.")),
            ("version", text("16 hex digits of its content.")),
            ("folded", integer("Records of the journal that its facts know.")),
            ("of", integer("Records of the journal.")),
        ],
        &[],
    );
    object(
        &[
            ("name", text("The name it gives itself.")),
            ("version", text("16 hex digits of its content.")),
            ("schema", text("16 hex digits of the facts it keeps.")),
            ("rules", integer("Number of rules.")),
            ("exemptions", integer("Number of exemptions.")),
            ("facts", integer("Number of facts kept for each event.")),
            ("model", or_null(model)),
            ("staged", or_null(staged)),
        ],
        &[],
    )
}

fn problem() -> Value {
    object(
        &[
            ("type", text("URN of the kind of problem.")),
            ("title", text("What kind of problem it is.")),
            ("status", integer("The HTTP status.")),
            ("detail", text("What to do about it; never repeats what was sent.")),
            ("instance", text("URN of this exchange, as in X-Request-Id.")),
            ("code", text("Stable name of the kind of problem.")),
        ],
        &[("errors", list(schema_ref("fault"), "Everything that is wrong with the event."))],
    )
}

fn fault() -> Value {
    object(
        &[
            ("pointer", text("JSON Pointer to the member; empty for the whole body.")),
            ("code", text("Stable code, E and three digits.")),
            ("detail", text("What was got and what was wanted.")),
        ],
        &[],
    )
}
