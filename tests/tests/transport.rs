//! A lossy line: a checkpoint comes intact, or what is missing is known exactly.

use std::convert::Infallible;
use std::ops::Range;

use gradlet::checkpoint::{Encoder, write};
use gradlet::transport::{
    Buffer, Deframer, Frame, FrameFault, MOST_DATA, Received, Replay, Sender, send, serve,
};
use gradlet::{Adam, Head};
use gradlet_host::receive::{Progress, Receiver, acknowledgement};

type Model = Head<16, 10, Adam>;

fn head(seed: u32) -> Model {
    let mut head = Model::new(Adam::new(0.01));
    for step in 0..5 {
        let mut x = [0.0; 16];
        for (index, x) in x.iter_mut().enumerate() {
            *x = ((index as u32 * 31 + step * 7 + seed) % 13) as f32 * 0.1;
        }
        head.minimize(&x, (step as usize + seed as usize) % 10)
            .unwrap();
    }
    head
}

fn checkpoint(head: &Model) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 14];
    let len = write(head, &mut bytes[..]).unwrap();
    bytes.truncate(len as usize);
    bytes
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Faults that a line made.
#[derive(Debug, Default)]
struct Faults {
    dropped: u64,
    doubled: u64,
    flipped: u64,
    cut: u64,
    noise: u64,
    late: u64,
}

/// A line that drops, doubles, damages, cuts and delays one frame in `rarity` each, with log lines
/// between.
struct Line {
    random: Random,
    rarity: usize,
    faults: Faults,
    late: Option<Vec<u8>>,
}

impl Line {
    fn new(seed: u64, rarity: usize) -> Self {
        Self {
            random: Random(seed),
            rarity,
            faults: Faults::default(),
            late: None,
        }
    }

    fn hits(&mut self) -> bool {
        self.random.below(self.rarity) == 0
    }

    /// What comes out where `frame` went in, and whether it came out intact.
    fn carry(&mut self, frame: &[u8], out: &mut Vec<u8>) -> bool {
        if self.hits() {
            self.faults.noise += 1;
            out.extend(b"INFO loss 0.25 after step 17\r\n");
        }
        let late = self.late.take();
        let intact = self.carry_one(frame, out);
        if let Some(late) = late {
            out.extend(late);
        }
        intact
    }

    fn carry_one(&mut self, frame: &[u8], out: &mut Vec<u8>) -> bool {
        if self.hits() {
            self.faults.dropped += 1;
            return false;
        }
        if self.hits() {
            self.faults.flipped += 1;
            let mut damaged = frame.to_vec();
            // Not the zeros around it: without them a frame is only joined to the next.
            let at = 1 + self.random.below(frame.len() - 2);
            damaged[at] ^= 1 << self.random.below(8);
            out.extend(damaged);
            return false;
        }
        if self.hits() {
            self.faults.cut += 1;
            let at = 1 + self.random.below(frame.len() - 2);
            out.extend(&frame[..at]);
            return false;
        }
        if self.hits() {
            self.faults.doubled += 1;
            out.extend(frame);
        }
        if self.hits() && self.late.is_none() {
            self.faults.late += 1;
            self.late = Some(frame.to_vec());
            return true;
        }
        out.extend(frame);
        true
    }
}

/// Feeds a receiver; the checkpoint once it is complete, and whether it wants to ask.
fn feed(receiver: &mut Receiver, bytes: &[u8]) -> (Option<Vec<u8>>, bool) {
    let mut input = bytes;
    let (mut found, mut asks) = (None, false);
    while !input.is_empty() {
        match receiver.take(&mut input) {
            Progress::More => {}
            Progress::Incomplete => asks = true,
            Progress::Complete(bytes) => found = Some(bytes),
        }
    }
    (found, asks)
}

#[test]
fn ten_thousand_faults_of_each_kind_and_every_checkpoint_comes_intact() {
    let mut line = Line::new(1, 4);
    let mut transfers = 0u16;
    let enough = |faults: &Faults| {
        let Faults {
            dropped,
            doubled,
            flipped,
            cut,
            noise,
            late,
        } = *faults;
        [dropped, doubled, flipped, cut, noise, late]
            .iter()
            .all(|&count| count >= 10_000)
    };
    while !enough(&line.faults) {
        let head = head(transfers.into());
        let expected = checkpoint(&head);
        let mut replay = Replay::new(&head, Encoder::new());
        let mut sender = Sender::new(transfers, replay.total_len().unwrap());
        let mut receiver = Receiver::new();
        let mut buffer = Buffer::new();
        let mut received = None;
        let mut rounds = 0;
        while received.is_none() {
            rounds += 1;
            assert!(rounds < 10_000, "the conversation does not end");
            let mut arrived = Vec::new();
            let frame = sender.next_frame(&mut buffer, |at, out| replay.read(at, out));
            let quiet = match frame.unwrap() {
                Some(frame) => {
                    line.carry(frame, &mut arrived);
                    false
                }
                None => true,
            };
            let (found, asks) = feed(&mut receiver, &arrived);
            received = found;
            // Requests go over the same kind of line.
            if received.is_none() && (quiet || asks) {
                let request = receiver.request().expect("frames, not a plain checkpoint");
                let mut arrived = Vec::new();
                line.carry(&request, &mut arrived);
                let mut deframer = Deframer::new();
                let mut input = &arrived[..];
                loop {
                    match deframer.advance(&mut input) {
                        Received::More => break,
                        Received::Frame(frame) => sender.receive(&frame),
                        Received::Fault(_) => {}
                    }
                }
            }
        }
        assert!(
            received.as_deref() == Some(&expected[..]),
            "transfer {transfers}"
        );
        assert_eq!(receiver.tally().refused, 0);
        transfers += 1;
    }
    let faults = &line.faults;
    for (name, count) in [
        ("dropped", faults.dropped),
        ("doubled", faults.doubled),
        ("flipped", faults.flipped),
        ("cut", faults.cut),
        ("noise", faults.noise),
        ("late", faults.late),
    ] {
        println!("transport.{name} {count} frame");
    }
    println!("transport.intact {transfers} transfer");
}

#[test]
fn on_a_line_that_goes_one_way_what_is_missing_is_known_exactly_and_the_next_time_fills_it() {
    for seed in 0..300 {
        let head = head(seed);
        let expected = checkpoint(&head);
        let total = expected.len() as u32;
        let mut line = Line::new(seed.into(), 3);
        let mut receiver = Receiver::new();
        let mut have = vec![false; expected.len()];
        let mut came = None;
        for _ in 0..100 {
            let mut replay = Replay::new(&head, Encoder::new());
            let mut sender = Sender::new(5, total);
            let mut buffer = Buffer::new();
            let mut offset = 0;
            let mut arrived = Vec::new();
            while let Some(frame) = sender
                .next_frame(&mut buffer, |at, out| replay.read(at, out))
                .unwrap()
            {
                let len = MOST_DATA.min(expected.len() - offset);
                if line.carry(frame, &mut arrived) {
                    have[offset..offset + len].fill(true);
                }
                offset += len;
            }
            arrived.extend(line.late.take().unwrap_or_default());
            came = feed(&mut receiver, &arrived).0;
            if came.is_some() {
                break;
            }
            if let Some((missing, found)) = receiver.missing() {
                assert_eq!(found, total);
                assert_eq!(missing, gaps(&have), "seed {seed}");
            } else {
                assert!(have.iter().all(|have| !have));
            }
        }
        assert!(came.as_deref() == Some(&expected[..]), "seed {seed}");
    }
}

fn gaps(have: &[bool]) -> Vec<Range<u32>> {
    let mut gaps: Vec<Range<u32>> = Vec::new();
    for (at, _) in have.iter().enumerate().filter(|(_, have)| !**have) {
        let at = at as u32;
        match gaps.last_mut() {
            Some(gap) if gap.end == at => gap.end += 1,
            _ => gaps.push(at..at + 1),
        }
    }
    gaps
}

#[test]
fn a_plain_checkpoint_is_received_too_in_pieces_of_any_size() {
    let expected = checkpoint(&head(1));
    for size in [1, 2, 3, 5, 64, 100_000] {
        let mut receiver = Receiver::new();
        let mut found = None;
        for piece in expected.chunks(size) {
            let (complete, _) = feed(&mut receiver, piece);
            found = found.or(complete);
        }
        assert!(found.as_deref() == Some(&expected[..]), "pieces of {size}");
    }
}

#[test]
fn another_transfer_is_never_mixed_with_the_one_before() {
    let (first, second) = (head(1), head(2));
    let mut stream = vec![0; 1 << 14];
    let len = {
        let room = stream.len();
        let mut out = &mut stream[..];
        send(&first, 1, &mut out).unwrap();
        room - out.len()
    };
    // The first transfer stops after half of its frames.
    stream.truncate(len / 2);
    let mut rest = vec![0; 1 << 14];
    send(&second, 2, &mut rest[..]).unwrap();
    stream.extend(rest);
    let mut receiver = Receiver::new();
    let (found, _) = feed(&mut receiver, &stream);
    assert!(found.as_deref() == Some(&checkpoint(&second)[..]));
    assert_eq!(receiver.tally().abandoned, 1);
}

#[test]
fn a_transfer_that_is_complete_and_no_checkpoint_is_refused() {
    let mut bytes = checkpoint(&head(1));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut sender = Sender::new(1, bytes.len() as u32);
    let mut buffer = Buffer::new();
    let mut receiver = Receiver::new();
    while let Some(frame) = sender
        .next_frame(&mut buffer, |at, out| {
            out.copy_from_slice(&bytes[at as usize..at as usize + out.len()]);
            Ok::<_, Infallible>(())
        })
        .unwrap()
    {
        assert_eq!(feed(&mut receiver, frame).0, None);
    }
    assert_eq!(receiver.tally().refused, 1);
}

#[test]
fn frames_come_back_as_they_went() {
    let data: Vec<u8> = (0..MOST_DATA).map(|at| (at % 5) as u8).collect();
    let mut buffer = Buffer::new();
    for len in 1..=MOST_DATA {
        let frame = Frame::Data {
            transfer: 7,
            total: 10_000,
            offset: 0,
            bytes: &data[..len],
        };
        let mut line = frame.encode(&mut buffer);
        assert!(line.len() <= len + 19);
        assert_eq!(line.iter().filter(|&&byte| byte == 0).count(), 2);
        let mut deframer = Deframer::new();
        assert_eq!(deframer.advance(&mut line), Received::Frame(frame));
    }
    let longer = [1; 300];
    let frame = Frame::Data {
        transfer: 7,
        total: 10_000,
        offset: 0,
        bytes: &longer,
    };
    let mut line = frame.encode(&mut buffer);
    let mut deframer = Deframer::new();
    let Received::Frame(Frame::Data { bytes, .. }) = deframer.advance(&mut line) else {
        panic!("a frame");
    };
    assert_eq!(bytes.len(), MOST_DATA);
}

#[test]
fn a_receiver_that_comes_late_gets_everything() {
    let head = head(3);
    let expected = checkpoint(&head);
    let mut replay = Replay::new(&head, Encoder::new());
    let mut sender = Sender::new(9, replay.total_len().unwrap());
    let mut buffer = Buffer::new();
    let mut next = |sender: &mut Sender| {
        let frame = sender.next_frame(&mut buffer, |at, out| replay.read(at, out));
        frame.unwrap().map(<[u8]>::to_vec)
    };
    while next(&mut sender).is_some() {}
    let mut receiver = Receiver::new();
    let hello = receiver.request().expect("a receiver that asks");
    let mut deframer = Deframer::new();
    assert_eq!(
        deframer.advance(&mut &hello[..]),
        Received::Frame(Frame::Hello)
    );
    sender.receive(&Frame::Hello);
    let mut found = None;
    while let Some(frame) = next(&mut sender) {
        found = feed(&mut receiver, &frame).0.or(found);
    }
    assert!(found.as_deref() == Some(&expected[..]));
}

#[test]
fn bytes_outside_their_transfer_are_refused() {
    let mut buffer = Buffer::new();
    for (offset, total) in [(1, 4), (u32::MAX, u32::MAX), (5, 4)] {
        let frame = Frame::Data {
            transfer: 0,
            total,
            offset,
            bytes: &[1, 2, 3, 4],
        };
        let mut line = frame.encode(&mut buffer);
        let found = Deframer::new().advance(&mut line) == Received::Fault(FrameFault::Range);
        assert!(found, "{offset} of {total}");
    }
}

/// Both ends of a line in memory, for the blocking driver.
struct Conversation {
    receiver: Receiver,
    to_device: Vec<u8>,
    found: Option<Vec<u8>>,
    line: Line,
}

impl embedded_io::ErrorType for Conversation {
    type Error = Infallible;
}

impl embedded_io::Write for Conversation {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let mut arrived = Vec::new();
        self.line.carry(bytes, &mut arrived);
        let (found, asks) = feed(&mut self.receiver, &arrived);
        self.found = found.or(self.found.take());
        if asks {
            self.to_device
                .extend(self.receiver.request().unwrap_or_default());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io::Read for Conversation {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        if self.to_device.is_empty() {
            self.to_device = match (&self.found, self.receiver.last_transfer()) {
                (Some(_), Some((transfer, total))) => acknowledgement(transfer, total),
                _ => self.receiver.request().unwrap_or_default(),
            };
        }
        let len = out.len().min(self.to_device.len());
        out[..len].copy_from_slice(&self.to_device[..len]);
        self.to_device.drain(..len);
        Ok(len)
    }
}

#[test]
fn the_blocking_driver_serves_until_the_receiver_has_everything() {
    for seed in 0..50 {
        let head = head(seed);
        let mut conversation = Conversation {
            receiver: Receiver::new(),
            to_device: Vec::new(),
            found: None,
            line: Line::new(seed.into(), 6),
        };
        serve(&head, seed as u16, &mut conversation).expect("a conversation with an end");
        assert!(conversation.found.as_deref() == Some(&checkpoint(&head)[..]));
    }
}
