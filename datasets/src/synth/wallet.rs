//! The wallet that the world plays against.

/// A question to the wallet.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The event, as one line of JSON.
    pub line: &'a str,
    /// Its type.
    pub event_type: &'static str,
    /// The device is not the account's own.
    pub is_new_device: bool,
    /// A number from 0 to 1 that is drawn for the event, for answers that shall differ.
    pub lot: f64,
}

/// What the wallet answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may go on.
    Approve,
    /// It may go on after a second factor.
    Challenge {
        /// Names of the factors on offer, the best first.
        factors: Vec<&'static str>,
        /// Whether all of them are wanted, not one.
        is_all: bool,
    },
    /// It waits for a person to look at it.
    Hold,
    /// It may not.
    Decline,
}

/// Whoever decides.
pub trait Wallet {
    /// Decides on an event.
    fn decide(&mut self, ask: &Ask<'_>) -> Answer;

    /// Hears of an event on which nothing is decided, in the order of time.
    fn record(&mut self, line: &str);
}

/// A wallet without a risk engine: a code for logins from another device, the issuer's
/// authentication for one link in six, and nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainWallet;

/// Share of card links for which a plain wallet asks the issuer to authenticate.
const LINKS_AUTHENTICATED: f64 = 0.16;

impl Wallet for PlainWallet {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let one = |factor| Answer::Challenge { factors: vec![factor], is_all: false };
        match ask.event_type {
            "login" if ask.is_new_device => one("sms_otp"),
            "card_link" if ask.lot < LINKS_AUTHENTICATED => one("three_ds_challenge"),
            _ => Answer::Approve,
        }
    }

    fn record(&mut self, _line: &str) {}
}
