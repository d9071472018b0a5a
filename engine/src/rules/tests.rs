//! What the clauses of rules and bands come to: examples, unknown conditions, bands, effects.

use features::diagnostic::{Diagnostic, Place};
use features::field::EventType;
use features::language::{FAULTS_MAX, parse};
use models::ModelDraft;

use crate::decision::{Action, Decision, Modifier};
use crate::policy::{DEFAULT_MODEL, Judgement, Policy, Wanted};
use crate::resolve::Class;
use crate::steering::Steering;

fn checked(text: &str) -> Result<Policy, Vec<Diagnostic>> {
    Policy::check(text, None, Wanted::Judging)
}

fn faults(text: &str) -> Vec<Diagnostic> {
    checked(text).map(|_| ()).expect_err("it is broken")
}

fn policy(text: &str) -> Policy {
    checked(text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// What the policy makes of these facts on a payment; the others are unknown.
fn judge(policy: &Policy, facts: &[(&str, f64)]) -> Judgement {
    let mut values = vec![f64::NAN; policy.plan().facts().len()];
    for (name, value) in facts {
        values[policy.plan().find(name).expect("the policy keeps it")] = *value;
    }
    let steering = Steering::at_rest(policy.economics());
    policy.judge(EventType::Payment, 1_790_000_000_000, &values, steering)
}

/// A rule on payments with these clauses.
fn rule(clauses: &str) -> String {
    format!("rule r \"\" on payment, login {clauses} because MERCHANT_RISK\n")
}

#[test]
fn examples_that_hold_are_sound() {
    policy(
        r#"
let is_large = base_minor >= 500 CNY
feature seen_{1h,24h} "" = count(payment) by account over window
rule plain "" on payment when seen_1h >= 3 and is_large then review because MERCHANT_RISK
  hits { seen_1h = 3, base_minor = 500 CNY } { payment, base_minor = 700 CNY, seen_1h = 9 }
  misses { seen_1h = 2, base_minor = 500 CNY } { seen_1h = 3 } { seen_1h = unknown, base_minor = 1 CNY } { }
rule forms "" on login, payment
  when payment and kind == transit and card.issuer_country == "CN" or login and device.is_rooted == true
    or count(login) by device over 1h >= 5 or since_first(login) by account < 30m or card_name_match <= 1
  then review because MERCHANT_RISK
  hits { login, device.is_rooted = true } { payment, kind = transit, card.issuer_country = "CN" }
    { count(login) by device over 60m = 5 } { since_first(login) by account = 29m } { card_name_match = 1 }
  misses { payment, device.is_rooted = true } { login, device.is_rooted = false }
    { payment, kind = bill, card.issuer_country = "CN" } { device.is_rooted = false, since_first(login) by account = 30m }
rule anywhere "" when merchant.mcc == 5732 or seen_1h > 9 then review because MERCHANT_RISK
  hits { merchant.mcc = 5732 } { seen_1h = 10 } misses { transfer, seen_1h = 9 }
rule step "" on transfer when login then transfer within 1h by account then review because MERCHANT_RISK
  hits { login then transfer within 1h by account = true } misses { login then transfer within 60m by account = false }
"#,
    );
}

#[test]
fn an_example_that_does_not_hold_says_what_stood_in_the_way() {
    let said = |text: &str| {
        let found = faults(text);
        let [fault] = found.as_slice() else { panic!("{text}: {found:?}") };
        assert_eq!(fault.code, "P210", "{fault:?}");
        let Place::Text { start, end } = fault.place else { panic!("{fault:?}") };
        let words = &text[start as usize..end as usize];
        assert!(words.starts_with('{') && words.ends_with('}'), "{words}");
        (fault.message.clone(), fault.help.clone().unwrap_or_default())
    };
    let when = "when card_name_match <= 1 and (base_minor >= 500 CNY or utc.hour < 3) then review";
    let (message, help) = said(&rule(&format!("{when} hits {{ card_name_match = 2 }}")));
    assert!(message.contains("condition is false: `card_name_match <= 1` is false"), "{message}");
    assert_eq!(help, "`card_name_match` is 2");
    let (message, help) = said(&rule(&format!("{when} hits {{ card_name_match = 1 }}")));
    assert!(message.contains("is unknown: `base_minor >= 500 CNY or utc.hour < 3` is unknown"));
    assert_eq!(help, "`base_minor` is not given, `utc.hour` is not given");
    let given = "{ card_name_match = 1, utc.hour = 2, base_minor = 5 CNY }";
    let (message, help) = said(&rule(&format!("{when} misses {given}")));
    assert!(message.starts_with("the example hits: `card_name_match <= 1 and"), "{message}");
    assert_eq!(help, "`card_name_match` is 1, `base_minor` is 5 CNY, `utc.hour` is 2");
    let (message, _) =
        said(&rule("when utc.hour < 3 or base_minor > 5 CNY then review misses { utc.hour = 1 }"));
    assert!(message.ends_with("`utc.hour < 3` is true"), "{message}");
}

#[test]
fn an_example_names_facts_of_its_rule_and_values_that_fit() {
    let codes = |example: &str| {
        let text = rule(&format!(
            "when base_minor + usd_minor > 1 or kind == transit or card_name_match == 1 then review hits {example}"
        ));
        let text = text.replace("base_minor + usd_minor > 1", "base_minor / 2 + 0 CNY >= 5 CNY");
        match checked(&text) {
            Ok(_) => Vec::new(),
            Err(found) => found
                .into_iter()
                .map(|fault| {
                    let Place::Text { start, end } = fault.place else { panic!("{fault:?}") };
                    (fault.code, text[start as usize..end as usize].to_owned())
                })
                .collect(),
        }
    };
    let refused = |example: &str, words: &str| {
        assert_eq!(codes(example), [("P211", words.to_owned())], "{example}");
    };
    assert_eq!(codes("{ base_minor = 10 CNY }"), []);
    refused("{ transfer, base_minor = 10 CNY }", "transfer");
    refused("{ colour = 5 }", "colour");
    refused("{ usd_minor = 5 USD }", "usd_minor");
    refused("{ base_minor = 5 USD }", "5 USD");
    refused("{ kind = tansit }", "tansit");
    refused("{ kind = transit, kind = bill }", "kind");
    refused("{ base_minor + base_minor = 5 CNY }", "base_minor + base_minor");
    refused("{ base_minor = usd_minor }", "usd_minor");
    refused("{ login, merchant.mcc = 5732 }", "merchant.mcc");
    let found = faults(&rule("when card_name_match == 1 then review hits { card_name_mach = 1 }"));
    assert_eq!(found[0].help.as_deref(), Some("did you mean `card_name_match`?"));
}

#[test]
fn an_unknown_condition_votes_for_what_follows_and_stays_undecided() {
    let clauses = "when card_name_match == 1 then decline undecided review and notify";
    let text = rule(clauses);
    let asked = policy(&text);
    let judged = judge(&asked, &[]);
    assert_eq!((judged.hits.hit.len(), judged.hits.undecided.len()), (0, 1));
    assert_eq!(judged.verdict.actions, [Modifier::Review, Modifier::NotifyCustomer]);
    assert_eq!(judged.verdict.decision, Decision::Approve);
    assert!(judged.verdict.reasons.iter().any(|line| line.code.code() == "MERCHANT_RISK"));
    let vote = asked.rules().rules[0].undecided.as_ref().expect("it says what follows");
    assert_eq!(vote.class, Class::Hard);

    // Decided, it votes for nothing or for what it is there for.
    let judged = judge(&asked, &[("card_name_match", 3.0)]);
    assert_eq!(judged.verdict.actions, []);
    assert_eq!(judge(&asked, &[("card_name_match", 1.0)]).verdict.decision, Decision::Decline);

    // Silent without the clause, in shadow, and under an exemption.
    let silent = policy(&rule("when card_name_match == 1 then decline"));
    assert_eq!(judge(&silent, &[]).verdict.actions, []);
    let shadow = policy(&rule(&format!("{clauses} shadow")));
    let judged = judge(&shadow, &[]);
    assert_eq!((judged.hits.undecided.len(), judged.verdict.actions.len()), (1, 0));
    let exempt = "exempt e \"\" when utc.hour < 3 from r because TRUSTED_CONTEXT";
    let exempted = policy(&format!("{text}{exempt}"));
    let judged = judge(&exempted, &[("utc.hour", 2.0)]);
    assert_eq!(
        (judged.hits.undecided.len(), judged.hits.suppressed.as_slice()),
        (1, &[(0, 0)][..])
    );
    assert_eq!(judged.verdict.actions, []);
    assert_eq!(judge(&exempted, &[("utc.hour", 4.0)]).verdict.actions.len(), 2);
}

#[test]
fn a_band_is_named_and_votes() {
    let with_model = |text: &str| {
        let model = ModelDraft::read(DEFAULT_MODEL).expect("the bundled model");
        Policy::check(text, Some(model), Wanted::Judging)
            .unwrap_or_else(|faults| panic!("{faults:?}"))
    };
    let bands = "band low \"\" = 0% .. 100% on login
band all \"Everything\" = 0% .. 100% on payment then review and add card to @seen because MERCHANT_RISK
list seen \"\" = value ()
rule later \"\" on payment when card_name_match == 1 then review because MERCHANT_RISK\n";
    let policy = with_model(bands);
    assert_eq!(policy.warnings(), []);
    let judged = judge(&policy, &[]);
    assert_eq!(judged.band, Some(1));
    assert_eq!(policy.bands()[1].vote.as_ref().map(|vote| vote.rule), Some(2));
    assert!(judged.verdict.actions.contains(&Modifier::Review));
    assert_eq!(judged.verdict.effects[0].by.as_ref(), "all");
    assert!(judged.verdict.reasons.iter().any(|line| line.code.code() == "MERCHANT_RISK"));
    let on_login = {
        let unknown = vec![f64::NAN; policy.plan().facts().len()];
        policy.judge(EventType::Login, 0, &unknown, Steering::at_rest(policy.economics()))
    };
    assert_eq!((on_login.band, on_login.verdict.effects.as_slice()), (Some(0), &[][..]));

    // The lower end is inside, the upper one outside but at certainty.
    let find =
        |text: &str, p: f64| super::band::find(with_model(text).bands(), EventType::Payment, p);
    let two = "band a = 10% .. 50%\nband b = 50% .. 100% then decline\n";
    let found = [0.05, 0.1, 0.499, 0.5, 1.0, f64::NAN].map(|p| find(two, p));
    assert_eq!(found, [None, Some(0), Some(0), Some(1), Some(1), None]);
    let vote = with_model(two).bands()[1].vote.clone().expect("it declines");
    assert_eq!((vote.class, vote.actions), (Class::Hard, vec![Action::Decline]));
    assert_eq!(vote.reason.code(), "MODEL_HIGH_RISK");
}

#[test]
fn bands_that_meet_are_told_at_both_places_and_without_a_model_none_applies() {
    let text = "band a = 10% .. 50% on payment\nband b = 40% .. 60%\nband c = 40% .. 60% on login";
    let found = faults(text);
    let places: Vec<&str> = found
        .iter()
        .filter(|fault| fault.code == "P212" && fault.is_error())
        .map(|fault| match fault.place {
            Place::Text { start, end } => &text[start as usize..end as usize],
            _ => "",
        })
        .collect();
    assert_eq!(places, ["a", "b", "b", "c"], "{found:?}");
    let alone = policy("band a = 10% .. 50% then review");
    let [warning] = alone.warnings() else { panic!("{:?}", alone.warnings()) };
    assert_eq!((warning.code, warning.is_error()), ("P212", false));
    assert_eq!(judge(&alone, &[]).band, None);
}

#[test]
fn a_verdict_says_what_comes_onto_lists() {
    let text = format!(
        "list seen \"\" = value ()\nlist nets \"\" = cidr ()\n{}{}",
        rule(
            "when utc.hour < 5 then tag account watched for 7d and add card to @seen and add ip to @nets for 30d"
        ),
        "rule s \"\" on payment when utc.hour < 4 then tag account watched for 9d and add card to @seen for 1h because MERCHANT_RISK\n",
    );
    let judged = judge(&policy(&text), &[("utc.hour", 3.0)]);
    let said: Vec<_> = judged
        .verdict
        .effects
        .iter()
        .map(|e| (e.list.as_ref(), e.field.path(), e.ms, e.by.as_ref()))
        .collect();
    let day = 86_400_000;
    assert_eq!(
        said,
        [
            ("account:watched", "account_id", Some(9 * day), "s"),
            ("nets", "network.ip", Some(30 * day), "r"),
            ("seen", "card.card_token", None, "r"),
        ]
    );
    assert_eq!(judge(&policy(&text), &[("utc.hour", 9.0)]).verdict.effects, []);
}

#[test]
fn what_cannot_come_onto_a_list_is_refused() {
    let refused = |action: &str, words: &str| {
        let text = format!(
            "list seen \"\" = value ()\nlist nets \"\" = cidr ()\nlist bins \"\" = bin ()\n{}",
            rule(&format!("when utc.hour < 5 then {action}"))
        );
        let found = faults(&text);
        let [fault] = found.as_slice() else { panic!("{action}: {found:?}") };
        let Place::Text { start, end } = fault.place else { panic!("{fault:?}") };
        assert_eq!((fault.code, &text[start as usize..end as usize]), ("P213", words), "{fault:?}");
        fault.help.clone().unwrap_or_default()
    };
    assert!(refused("tag acount watched for 7d", "acount").contains("`account`"));
    assert!(refused("add card to @sen", "@sen").contains("`@seen`"));
    refused("add card to @nets", "card");
    refused("add ip to @bins", "ip");
    refused("add base_minor to @seen", "base_minor");
    refused("add document to @seen", "document");
}

/// What is found in the rules and bands of a text, without a cut after so many.
fn found_in(text: &str) -> Vec<Diagnostic> {
    let (written, faults) = parse(text);
    assert_eq!(faults, []);
    let (mut definitions, mut found) = (features::catalog::definitions(), Vec::new());
    let rules = super::check(&written, &mut definitions, &mut found);
    super::band::check(&written, rules.len(), &mut definitions, &mut found);
    found
}

#[test]
fn a_long_text_is_checked_in_one_pass() {
    // Each name looked for among all rules, or each band held against all others, would take hours.
    let rule = |n: u32| format!("rule r{n} when true then review because MERCHANT_RISK\n");
    let rules: String = (0..30_000).map(rule).collect();
    let names: Vec<String> = (0..30_000).map(|n| format!("r{n}")).collect();
    let exempt = |n: u32| format!("exempt e{n} when true from {}\n", names.join(", "));
    let found = found_in(&(rules.clone() + &(0..10).map(exempt).collect::<String>()));
    assert_eq!(found, []);

    let exempt = |n: u32| format!("exempt e{n} when true from q{n} because LIST_ALOW\n");
    let found = found_in(&(rules + &(0..30_000).map(exempt).collect::<String>()));
    let count = |code: &str| found.iter().filter(|fault| fault.code == code).count();
    assert_eq!((count("P206"), count("P202"), count("P214")), (30_000, 30_000, 1));
    let helped = found.iter().filter(|fault| fault.help.is_some()).count();
    assert!(helped <= FAULTS_MAX, "{helped}");

    let steps = 80_000_u32;
    let at = |step: u32| f64::from(step) / f64::from(steps);
    let stair = |step: u32| format!("band b{step} = {} .. {}\n", at(step), at(step + 1));
    assert_eq!(found_in(&(0..steps).map(stair).collect::<String>()), []);
    let same = |step: u32| format!("band b{step} = 0.1 .. 0.9\n");
    let found = found_in(&(0..steps).map(same).collect::<String>());
    assert_eq!(found.len(), 2 * FAULTS_MAX, "two places for each pair that is told");
}

#[test]
fn names_are_given_once() {
    let text = "rule r when true then review because MERCHANT_RISK
exempt e when true from r because LIST_ALLOW
exempt r when true from r because LIST_ALLOW
exempt e when true from r because LIST_ALLOW
rule r when true then review because MERCHANT_RISK
";
    let found = found_in(text);
    let told: Vec<&str> = found.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(told, ["rule `r` is defined twice", "exemption `e` is defined twice"]);
}
