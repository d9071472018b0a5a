//! The shape of an explanation: `explained` writes it.

use serde_json::{Value, json};

use super::schema_ref;
use super::schemas::{flag, integer, list, names, number, object, or_null, text};

const DECISIONS: [&str; 3] = ["approve", "challenge", "decline"];

/// Why an event was decided as it was.
pub(super) fn explanation() -> Value {
    let probability = number("Calibrated probability of fraud.");
    let flip = object(
        &[
            ("fact", text("Name of a fact.")),
            ("from", or_null(number("What it is; null is unknown."))),
            ("to", number("What it would have to be.")),
            ("from_shown", text("What it is, for a person.")),
            ("to_shown", text("What it would have to be, for a person.")),
            ("decision", names(&DECISIONS)),
        ],
        &[],
    );
    let share = object(
        &[
            ("fact", text("Name of a fact.")),
            ("shown", text("Its value for a person.")),
            ("log_odds", number("What it adds; below zero it speaks for a genuine customer.")),
        ],
        &[],
    );
    let amount = object(
        &[
            ("amount_minor", integer("Minor units of the event's currency.")),
            ("decision", names(&DECISIONS)),
        ],
        &[],
    );
    object(
        &[
            ("event_id", text("Id of the event.")),
            ("policy_version", text("Name and version of the policy that decided.")),
            ("decision", names(&DECISIONS)),
            ("reasons", list(text("A reason code."), "Why, most decisive first.")),
            ("p_fraud", or_null(probability)),
            ("band", or_null(text("The band of the policy that holds the probability."))),
            ("rules", list(rule(), "Every rule that looks at such events.")),
            ("model", list(share, "What the model made of its facts, the strongest first.")),
            ("flips", list(flip, "Changes of one fact that turn the decision, smallest first.")),
            (
                "amount_flips",
                list(
                    amount,
                    "The nearest amounts at which the decision turns, with all facts that follow \
                     from the amount: at most one below and one above. None where the past of the \
                     event is not at hand as it was.",
                ),
            ),
        ],
        &[],
    )
}

fn rule() -> Value {
    let states = ["hit", "shadow", "suppressed", "undecided", "missed", "out_of_force"];
    let condition = || schema_ref("condition");
    let lacking = || list(condition(), "The fewest conditions that would have to turn.");
    let unspared = object(&[("exemption", text("Its name.")), ("lacking", lacking())], &[]);
    object(
        &[
            ("rule", text("Its name.")),
            ("title", text("What it catches.")),
            ("state", names(&states)),
            ("condition", condition()),
            ("because", list(condition(), "What makes its condition true.")),
            ("lacking", lacking()),
            ("unspared", list(unspared, "Exemptions that name a rule which voted all the same.")),
        ],
        &[("by", text("The exemption that suppressed it."))],
    )
}

/// A condition: one that is not taken apart, or parts and how they are joined.
pub(super) fn condition() -> Value {
    let part = || schema_ref("condition");
    let value = object(
        &[
            ("value", or_null(number("Null is unknown."))),
            ("shown", text("The value for a person.")),
        ],
        &[],
    );
    let values = json!({
        "type": "object", "additionalProperties": value,
        "description": "The facts that it reads.",
    });
    let margin = object(
        &[
            ("value", number("The compared value.")),
            ("by", number("Its distance to the border, in its own unit.")),
            ("border", names(&["above", "below"])),
        ],
        &[],
    );
    let truth = or_null(flag("Whether it holds; null is unknown."));
    object(
        &[("truth", truth)],
        &[
            ("test", text("The condition as it is written.")),
            ("values", values),
            ("said", text("In words: what was read, and by how much it holds or does not.")),
            ("margin", margin),
            ("must_hold", flag("Whether it must hold, or must not.")),
            ("all", list(part(), "Parts that must all hold.")),
            ("any", list(part(), "Parts of which one must hold.")),
            ("not", part()),
            ("name", text("A name of the policy that stands for the part in `is`.")),
            ("is", part()),
        ],
    )
}
