//! The layout: what it looks like, and what it never changes.

use super::random::{Dice, policy};
use super::{SAMPLE, shape_of};
use crate::language::lexer::lex;
use crate::language::{TEXT_BYTES_MAX, format};

fn formatted(text: &str) -> String {
    format(text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"))
}

/// The comments of a text in their order, each with its first line's end trimmed.
fn comments(text: &str) -> Vec<&str> {
    let spans = lex(text, 0).comments;
    spans.iter().map(|s| text[s.start as usize..s.end as usize].trim_end()).collect()
}

/// What must hold for any sound text.
fn check(text: &str, whose: &str) {
    let once = formatted(text);
    assert_eq!(shape_of(&once), shape_of(text), "{whose}:\n{text}\n{once}");
    assert_eq!(formatted(&once), once, "{whose}:\n{text}");
    assert_eq!(comments(&once), comments(text), "{whose}:\n{text}\n{once}");
    let is_tidy = |line: &str| line.trim_end() == line && !line.contains('\t');
    assert!(once.lines().all(is_tidy) && !once.contains("\n\n\n"), "{whose}:\n{once}");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"), "{whose}: {once}");
}

#[test]
fn a_formatted_text_says_the_same_keeps_its_comments_and_stays() {
    check(SAMPLE, "sample");
    check(&SAMPLE.replace('\n', "\r\n"), "sample of another system");
    for seed in 0..6_000 {
        check(&policy(&mut Dice(seed)), &format!("seed {seed}"));
    }
}

#[test]
fn a_text_with_faults_is_not_formatted() {
    let faults = format("let x = a b\nlet y = ").unwrap_err();
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["P025", "P020"]);
    assert_eq!(format(&"#".repeat(TEXT_BYTES_MAX + 1)).unwrap_err()[0].code, "P001");
}

#[test]
fn a_text_is_laid_out_like_the_house_policy() {
    let cases = [
        ("", ""),
        ("\n\n", ""),
        ("\u{feff}# a\n\n\n\n# b\n", "# a\n\n# b\n"),
        (
            "policy   \"p\"   # name\n\n\nlet a=b\nlet  c = ( d )\n",
            "policy \"p\"  # name\n\nlet a = b\nlet c = (d)\n",
        ),
        (
            "rule r \"R\" when a==1 then decline because X as hard on payment, transfer # why\n  # off\n# next\nset x=0.30 %",
            "rule r \"R\"\n  when a == 1\n  then decline  because X\n  as hard  on payment, transfer  # why\n  # off\n# next\nset x = 0.30 %\n",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(formatted(text), wanted);
    }
}

/// The sample of every form as it is laid out.
const TIDY: &str = r##"policy "default"  # the first statement
# A comment of its own line.
use "common.policy"
let attempt = payment or tour_pass_topup or transfer
let approved = auth_result where outcome in (approved, partial)
list blocked_devices "Devices of confirmed fraud" = value ("d-123", "d-456",)
list datacenters = cidr ()
list resold = value from "resold.csv"
list both = bin ("4",) from "more/bins.csv"
set margin = 1.2%
set fee = 0.6 % + 15 bps * 2
feature account_attempt_count_{1m,5m,1h} "Attempts on the account"
  id VEL-09  unit count  missing zero
  = count(attempt) by account over window
feature my_ratio "Declined share"
  = count(payment where outcome == declined) by device over 25m / count(payment) by device over 25m
  missing unknown  unit ratio
rule device_many_cards "Many cards tried on one device"
  as hard  on card_link, payment
  when distinct(card of card_link) by device over 24h >= 5
    or count(card_link) by device over 1h offset 30m including this >= 5
  then challenge strength S3 prove cardholder, identity forbid sms_otp with passkey
   and hold 24h
   and limit 1_000 CNY * 2
   and review
   and warn
  because DEVICE_MANY_CARDS  message MSG_TRY_LATER  cooldown 24h  suspects V1 0.7, V9 30%
  expect 0.01% .. 0.30%  owner "cards"  until 2028-02-29  shadow
band elevated "Worth a look" = 30% .. 0.9
  on payment  then challenge strength S2 and notify  because MODEL_ELEVATED  message MSG_VERIFY_YOU
band high = 90% .. 100%
rule cashed_out
  when login[device_account_age_hours < 24]
         then profile_change within 1h
         then transfer within 24h by account, device
    or card tagged watched and device not tagged trusted
  then tag account mule_suspect for 7d
   and add card to @blocked_cards for 30d
   and add ip to @seen
   and freeze card
   and freeze account
   and delay settlement
   and notify
  undecided review and hold 1h
  hits   { card_link, a = 5 }
         { a in @l = true, count(b) by c over 1h = unknown, d tagged e = false, }
  misses {}
         { a = -5 CNY }
exempt traveller "In a trip"
  on payment
  when traveler_state in (arrived, in_trip)
  from rule_a, rule_b  because TRAVELLER_CONTEXT  owner "travel"  until 2027-06-30
"##;

#[test]
fn every_form_has_its_layout() {
    assert_eq!(formatted(SAMPLE), TIDY);
}

#[test]
fn what_does_not_fit_is_broken_from_outside_inwards() {
    let cases = [
        (
            "let a = x == \"a text that is forty characters long\" and (y == \"a text that is forty \
             characters long\" or z == 1) or b",
            "let a = x == \"a text that is forty characters long\"\n    \
             and (y == \"a text that is forty characters long\" or z == 1)\n  or b\n",
        ),
        (
            "feature f = if count(payment) by account over 24h > 10 then sum(base_minor of payment) by \
             account over 24h else if b then c else d",
            "feature f\n  = if count(payment) by account over 24h > 10 \
             then sum(base_minor of payment) by account over 24h\n    else if b then c\n    else d\n",
        ),
        (
            "feature f = max(distinct(account of fraud_known) by device over 90d, distinct(account of \
             fraud_known) by card over 90d, 0) / 2",
            "feature f\n  = max(distinct(account of fraud_known) by device over 90d,\n        \
             distinct(account of fraud_known) by card over 90d, 0)\n  / 2\n",
        ),
        (
            "feature f = choose(one_category_of_some_length, payment and a == 1 and b, \
             another_category_of_some_length, payment and c == 1)",
            "feature f\n  = choose(one_category_of_some_length, payment and a == 1 and b,\n           \
             another_category_of_some_length, payment and c == 1)\n",
        ),
        (
            "rule r when a # one\n and # two\n b then warn",
            "rule r\n  when a  # one\n   and  # two\n         b\n  then warn\n",
        ),
        (
            "list numbers \"Numbers\" = value (\"11111111111111111111\", \"22222222222222222222\", \
             \"33333333333333333333\", \"4\", \"5\")",
            "list numbers \"Numbers\"\n  = value (\"11111111111111111111\", \
             \"22222222222222222222\", \"33333333333333333333\", \"4\", \"5\")\n",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(formatted(text), wanted);
        check(text, text);
    }
}

#[test]
fn long_texts_are_laid_out_in_one_pass() {
    let many = |piece: &str| piece.repeat((1 << 17) / piece.len());
    for text in [
        format!("list l = value ({})", many("\"entry\", ")),
        format!("let x = a in (b{})", many(", c")),
        format!("rule r when a then warn{}", many(" and warn")),
        many("let x = a and b or c # why\n"),
        many("# lines\n\n"),
    ] {
        check(&text, &text[..40]);
    }
}
