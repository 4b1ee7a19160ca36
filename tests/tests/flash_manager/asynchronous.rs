//! The same manager on a flash that has to be waited for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use gradlet::manager::{AsyncCheckpointManager, Options, Restoration};
use gradlet::mock_flash::Error;
use gradlet_tests::model::Model;

use crate::{Flash, flash, save};

const PAYLOAD: usize = 200;

/// Is ready only when it is asked a second time, as a driver that waits for an interrupt.
pub(crate) struct Slow<'a>(pub(crate) &'a mut Flash);

async fn once_more() {
    let mut asked = false;
    poll_fn(|context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl ErrorType for Slow<'_> {
    type Error = Error;
}

impl ReadNorFlash for Slow<'_> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        once_more().await;
        ReadNorFlash::read(self.0, offset, bytes).await
    }

    fn capacity(&self) -> usize {
        ReadNorFlash::capacity(self.0)
    }
}

impl NorFlash for Slow<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        once_more().await;
        NorFlash::erase(self.0, from, to).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        once_more().await;
        NorFlash::write(self.0, offset, bytes).await
    }
}

/// Runs a future to its end, or drops it after so many polls.
pub(crate) fn run<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    run(future, usize::MAX).expect("a future that ends")
}

#[test]
fn a_flash_that_is_waited_for_gets_the_same_bytes() {
    let mut slow = flash(5);
    let mut manager = wait(AsyncCheckpointManager::open(
        Slow(&mut slow),
        Options::DEFAULT,
    ))
    .unwrap();
    for step in 1..40 {
        wait(manager.save(&Model::at(step, PAYLOAD))).unwrap();
    }
    let mut quick = flash(5);
    save(&mut quick, Options::DEFAULT, PAYLOAD, 1..40);
    assert!(slow.image() == quick.image());
}

#[test]
fn a_save_that_is_dropped_at_any_moment_leaves_the_one_before() {
    let mut flash = flash(5);
    save(&mut flash, Options::DEFAULT, PAYLOAD, 1..10);
    let mut dropped = 0;
    for polls in 0.. {
        let mut manager = wait(AsyncCheckpointManager::open(
            Slow(&mut flash),
            Options::DEFAULT,
        ))
        .unwrap();
        // So that there is a rest of a block to go on in.
        wait(manager.save(&Model::at(49, PAYLOAD))).unwrap();
        let before = manager.save_counter();
        let complete = run(manager.save(&Model::at(50, PAYLOAD)), polls).is_some();
        // The same manager goes on, and so does another one.
        assert_eq!(manager.save_counter(), before + u32::from(complete));
        let mut model = Model::new(PAYLOAD);
        let found = wait(manager.restore_or_initialize(&mut model)).unwrap();
        assert!(matches!(found, Restoration::Restored { .. }));
        assert!(model.whole().is_some());
        wait(manager.save(&Model::at(51, PAYLOAD))).unwrap();
        wait(manager.restore_or_initialize(&mut model)).unwrap();
        assert_eq!(model.whole(), Some(51));
        dropped += u32::from(!complete);
        if complete {
            break;
        }
    }
    assert!(dropped > 20, "only {dropped} futures were dropped");
    assert_eq!(flash.violation(), None);
}

#[test]
fn all_checkpoints_can_be_gone_through() {
    let mut flash = flash(5);
    let mut manager = wait(AsyncCheckpointManager::open(
        Slow(&mut flash),
        Options::DEFAULT,
    ))
    .unwrap();
    wait(manager.save(&Model::at(1, PAYLOAD))).unwrap();
    wait(manager.save(&Model::at(2, PAYLOAD))).unwrap();
    let first = wait(manager.next_checkpoint(0)).unwrap();
    let second = wait(manager.next_checkpoint(first.save_counter)).unwrap();
    assert_eq!((first.save_counter, second.save_counter), (1, 2));
    assert_eq!(wait(manager.next_checkpoint(second.save_counter)), None);
}
