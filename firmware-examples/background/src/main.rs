//! Saves in the background while it trains: one task of embassy's executor trains, another keeps
//! checkpoints in flash. What is saved is a copy of the head, handed to and fro between the tasks,
//! so that training goes on while the flash is busy and a checkpoint is never a mixture of steps.
#![no_std]
#![no_main]

mod busy_flash;

use board::{Board, Value, figure};
use busy_flash::BusyFlash;
use embassy_executor::{Executor, Spawner};
use embassy_futures::yield_now;
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, channel::Channel};
use gradlet::manager::{AsyncCheckpointManager, Options, Restoration};
use gradlet::{Adam, Head, Owned, Variables};
use static_cell::StaticCell;
use wand::{CLASSES, FEATURES, Wand};

type Model = Head<FEATURES, CLASSES, Adam>;

/// What the task that trains asks of the one that saves; the copy comes back by [`DONE`].
enum Request {
    Save(&'static mut Model),
    Restore(&'static mut Model),
}

static REQUESTS: Channel<CriticalSectionRawMutex, Request, 1> = Channel::new();
static DONE: Channel<CriticalSectionRawMutex, &'static mut Model, 1> = Channel::new();

static HEAD: Owned<Model> = Owned::new();
static COPY: Owned<Model> = Owned::new();
static EXECUTOR: StaticCell<Executor> = StaticCell::new();

const ADAM: Adam = Adam::with(wand::LEARNING_RATE, wand::BETA1, wand::BETA2, wand::EPSILON);

board::main!(run);

fn run(board: Board) -> Result<(), &'static str> {
    let executor = EXECUTOR
        .try_init(Executor::new())
        .ok_or("the executor is taken")?;
    executor.run(|spawner| {
        if start(spawner, board).is_err() {
            board::finish(Err("a task cannot be started"));
        }
    })
}

fn start(spawner: Spawner, board: Board) -> Result<(), embassy_executor::SpawnError> {
    spawner.spawn(saving(board.flash)?);
    spawner.spawn(training()?);
    Ok(())
}

#[embassy_executor::task]
async fn training() {
    board::finish(train().await)
}

#[embassy_executor::task]
async fn saving(flash: board::Flash) {
    if let Err(error) = keep(BusyFlash::new(flash)).await {
        board::finish(Err(error));
    }
}

async fn train() -> Result<(), &'static str> {
    let head = HEAD.init(ADAM).map_err(|_| "the head is taken")?;
    head.assign(&wand::KERNEL, &wand::BIAS);
    let mut wand = Wand::new()?;
    let mut copy = Some(COPY.init(ADAM).map_err(|_| "the copy is taken")?);

    let (mut saves, mut steps_while_saving) = (0, 0);
    for step in 0.. {
        let Some(batch) = wand.batch(step)? else {
            break;
        };
        head.minimize_batch(batch)
            .map_err(|_| "the batch is empty")?;
        // Whenever the last save is done, the next one begins.
        copy = copy.or(DONE.try_receive().ok());
        match copy.take() {
            Some(copy) => {
                assign(copy, head);
                REQUESTS.send(Request::Save(copy)).await;
                saves += 1;
            }
            None => steps_while_saving += 1,
        }
        yield_now().await;
    }
    figure("saves", saves as u32, "save");
    figure("steps_while_saving", steps_while_saving as u32, "step");
    figure(
        "accuracy_after",
        wand.accuracy(|features| head.predict(features))?,
        "%",
    );
    figure("state_crc32c", Value::Bits(fingerprint::of(head)), "crc32c");

    // The last step is saved, too, and read back.
    let copy = match copy {
        Some(copy) => copy,
        None => DONE.receive().await,
    };
    assign(copy, head);
    REQUESTS.send(Request::Save(copy)).await;
    REQUESTS.send(Request::Restore(DONE.receive().await)).await;
    let restored = DONE.receive().await;
    figure(
        "restored_crc32c",
        Value::Bits(fingerprint::of(restored)),
        "crc32c",
    );
    Ok(())
}

/// Keeps checkpoints in flash, for as long as the program runs.
async fn keep(flash: BusyFlash) -> Result<(), &'static str> {
    let opened = AsyncCheckpointManager::open(flash, Options::DEFAULT).await;
    let mut checkpoints = opened.map_err(|_| "the flash holds no region")?;
    loop {
        let model = match REQUESTS.receive().await {
            Request::Save(model) => {
                let saved = checkpoints.save(model).await;
                saved.map_err(|_| "the checkpoint was not saved")?;
                model
            }
            Request::Restore(model) => {
                // So that what is found there afterwards came from the flash.
                model.assign(&[[0.0; CLASSES]; FEATURES], &[0.0; CLASSES]);
                match checkpoints.restore_or_initialize(model).await {
                    Ok(Restoration::Restored { .. }) => model,
                    _ => return Err("no checkpoint was found"),
                }
            }
        };
        DONE.send(model).await;
    }
}

/// Copies all variables.
fn assign(to: &mut impl Variables, from: &impl Variables) {
    let mut chunk = [0; 64];
    for index in 0..from.count() {
        let (mut at, mut len) = (0, usize::MAX);
        while len > 0 {
            let (Some(variable), Some(mut target)) = (from.variable(index), to.variable_mut(index))
            else {
                break;
            };
            len = variable.view.copy_le(at, &mut chunk);
            target.assign_le(at, chunk.get(..len).unwrap_or_default());
            at += len / variable.view.dtype().size();
        }
    }
}
