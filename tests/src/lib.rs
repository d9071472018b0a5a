//! What the proofs share: seeded chance, small events, a world past the house rules, and the slow
//! judge of windows.
//!
//! [`Naive`] keeps every event and recounts: it knows nothing of rows, tiles or sketches, and is
//! the definition of a window; [`What`] is that of each aggregate. Chance is [`Chance`], a SplitMix64
//! whose seed a failing test prints.

mod mmdb;
mod naive;
mod play;
pub mod rules;

pub use mmdb::mmdb;
pub use naive::{Naive, Seen, What, followed};
pub use play::backtest;

/// Seeded chance (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    /// Whether something of this chance happens.
    pub fn happens(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}

/// A payment as JSON: who, where, with what, how much in fen, when it happened and when it came.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Event id.
    pub id: u64,
    /// Account number.
    pub account: u64,
    /// Card number (a token, of course).
    pub card: u64,
    /// Device number.
    pub device: u64,
    /// Merchant number.
    pub merchant: u64,
    /// Amount in fen.
    pub fen: i64,
    /// Event time in milliseconds.
    pub time: i64,
    /// Time of receipt in milliseconds.
    pub received: i64,
}

impl Payment {
    /// The event's JSON.
    pub fn json(&self) -> String {
        format!(
            r#"{{"event_id":"e{}","event_type":"payment","account_id":"a{}","channel":"app_ios","event_time_ms":{},"received_time_ms":{},"payment_id":"p{}","kind":"merchant_qr_static","amount_minor":{},"currency":"CNY","usd_minor":{},"funding":"intl_card","card":{{"card_token":"c{}","bin8":"45321012","network":"visa","funding":"credit"}},"merchant":{{"merchant_id":"m{}"}},"device":{{"device_id":"d{}","os":"ios"}}}}"#,
            self.id,
            self.account,
            self.time,
            self.received,
            self.id,
            self.fen,
            self.fen / 7,
            self.card,
            self.merchant,
            self.device,
        )
    }
}

/// A caller over loopback: one connection, one request at a time.
#[derive(Debug)]
pub struct Client {
    reader: std::io::BufReader<std::net::TcpStream>,
}

impl Client {
    /// Connects, or says why not.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn connect(address: std::net::SocketAddr) -> std::io::Result<Client> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { reader: std::io::BufReader::new(stream) })
    }

    /// Sends a request with this body as JSON; gives status and body of the answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn send(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        use std::io::{BufRead, Read, Write};
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.reader.get_mut().write_all(head.as_bytes())?;
        let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(broken());
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some(rest) = text.strip_prefix("HTTP/1.1 ") {
                status = rest.get(..3).and_then(|code| code.parse().ok()).ok_or_else(broken)?;
            }
            let lower = text.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| broken())?;
            }
        }
        let mut answer = vec![0; length];
        self.reader.read_exact(&mut answer)?;
        String::from_utf8(answer).map(|text| (status, text)).map_err(|_| broken())
    }
}
