// Gradlet: fine-tuning on microcontrollers with TensorFlow's own numbers.
//
// Made from the Rust sources by cbindgen: `cargo test -p gradlet-c` rewrites it when they change.
//
// - No heap and no hidden state: what is trained lives in objects that the firmware declares,
//   best as `static`. Zeros are their initial state, and nothing of their size crosses the stack.
// - Every function that can fail returns a `gradlet_status`, and changes nothing if it fails
//   unless it says otherwise. NULL is answered with GRADLET_STATUS_NULL, an object that was not
//   initialised with GRADLET_STATUS_NOT_INITIALIZED.
// - A pointer that is not NULL must be valid and aligned for its type. An object may be used by
//   one thread or interrupt at a time.
// - Features and weights are structs around arrays, so that the compiler checks their sizes. An
//   inference engine's output may be cast: `(const gradlet_features *)output->data.int8`.


#pragma once

#include <stddef.h>
#include <stdint.h>

// Features that the frozen model gives for a sample.
#define GRADLET_FEATURES 48

// Classes that the head tells apart.
#define GRADLET_CLASSES 10

// Samples of a batch, at most.
#define GRADLET_BATCH 10

// Bytes of the flash that can be written at once: 1, 2, 4, 8, 16 or 32.
#define GRADLET_FLASH_WRITE_SIZE 4

// Bytes of a block of the flash, which are erased at once.
#define GRADLET_FLASH_ERASE_SIZE 4096

// Bytes of a `gradlet_head`: twelve for each parameter, and what the optimizer needs beside.
#define GRADLET_HEAD_SIZE (((12 * (GRADLET_FEATURES + 1)) * GRADLET_CLASSES) + 64)

// Bytes of a `gradlet_batch`: for each sample its features, its label and four for each class.
#define GRADLET_BATCH_SIZE ((((((GRADLET_FEATURES + (4 * GRADLET_CLASSES)) + 8) * GRADLET_BATCH) + 32) / 8) * 8)

// Bytes of a `gradlet_manager`.
#define GRADLET_MANAGER_SIZE 448

// How a call went.
typedef enum {
    // Well.
    GRADLET_STATUS_OK = 0,
    // A pointer was NULL that must not be.
    GRADLET_STATUS_NULL = 1,
    // The object was not initialised.
    GRADLET_STATUS_NOT_INITIALIZED = 2,
    // The label is not below GRADLET_CLASSES.
    GRADLET_STATUS_LABEL = 3,
    // The batch holds GRADLET_BATCH samples already.
    GRADLET_STATUS_BATCH_FULL = 4,
    // The batch holds no sample.
    GRADLET_STATUS_BATCH_EMPTY = 5,
    // The function that should write failed; what it has taken so far is no checkpoint.
    GRADLET_STATUS_WRITE_FAILED = 6,
    // The function that should read failed.
    GRADLET_STATUS_READ_FAILED = 7,
    // What was read is no whole checkpoint: nothing was saved there, or it is damaged.
    GRADLET_STATUS_DAMAGED = 8,
    // The checkpoint is of another model.
    GRADLET_STATUS_INCOMPATIBLE = 9,
    // Nothing was saved yet.
    GRADLET_STATUS_NO_CHECKPOINT = 10,
    // The flash is too small for a checkpoint beside the newest one, or has no whole blocks.
    GRADLET_STATUS_REGION_TOO_SMALL = 11,
    // The flash holds something that was not saved by this manager.
    GRADLET_STATUS_FOREIGN = 12,
    // A function of the flash's failed.
    GRADLET_STATUS_FLASH_FAILED = 13,
    // The library has an error that this version has no name for.
    GRADLET_STATUS_OTHER = 14,
} gradlet_status;

// Up to GRADLET_BATCH labelled samples.
typedef struct gradlet_batch gradlet_batch;

// A dense layer of GRADLET_CLASSES classes over GRADLET_FEATURES features, with Adam.
typedef struct gradlet_head gradlet_head;

// The checkpoints in a flash.
typedef struct gradlet_manager gradlet_manager;

// What int8 features stand for: real = (feature - zero_point) * scale, as in TensorFlow Lite.
typedef struct {
    // The step between two neighbouring values.
    float scale;
    // The value that stands for 0.
    int8_t zero_point;
} gradlet_quantization;

// The features of a sample, as the frozen model gives them.
typedef struct {
    // One after the other.
    int8_t values[GRADLET_FEATURES];
} gradlet_features;

// The hyper-parameters of tf.train.AdamOptimizer. Its own defaults are 0.001, 0.9, 0.999, 1e-8.
typedef struct {
    // The learning rate.
    float learning_rate;
    // How much of the mean of the gradients a step keeps.
    float beta1;
    // How much of the mean of their squares a step keeps.
    float beta2;
    // What keeps the division from exploding.
    float epsilon;
} gradlet_adam;

// The weights of a head.
typedef struct {
    // As TensorFlow has it: a row for each feature.
    float kernel[GRADLET_FEATURES][GRADLET_CLASSES];
    // One for each class.
    float bias[GRADLET_CLASSES];
} gradlet_weights;

// Takes the next `length` bytes of a checkpoint: into a UART, a file, a flash page. They are valid
// during the call. Returns 0 when it has taken all of them; anything else ends the writing.
typedef int32_t (*gradlet_write)(void *context, const uint8_t *bytes, size_t length);

// Copies `length` bytes from `offset` on, counted from the start of the checkpoint, to `bytes`.
// Returns 0 when it has; anything else ends the reading.
typedef int32_t (*gradlet_read)(void *context, uint32_t offset, uint8_t *bytes, size_t length);

// A NOR flash, or the part of one that checkpoints may have: offsets count from its start. Each
// function returns 0 when it is done.
typedef struct {
    // What the functions get.
    void *context;
    // Bytes, whole blocks of GRADLET_FLASH_ERASE_SIZE.
    uint32_t capacity;
    // Copies `length` bytes from `offset` on to `bytes`.
    int32_t (*read)(void *context, uint32_t offset, uint8_t *bytes, size_t length);
    // Writes `length` bytes at `offset`, both whole units of GRADLET_FLASH_WRITE_SIZE. Between two
    // erases no unit is written twice.
    int32_t (*write)(void *context, uint32_t offset, const uint8_t *bytes, size_t length);
    // Erases the blocks from `from` up to `to`, where the next one begins.
    int32_t (*erase)(void *context, uint32_t from, uint32_t to);
} gradlet_flash;

// How checkpoints are kept.
typedef struct {
    // How many of the newest checkpoints are kept at most; fewer where the flash is small.
    uint32_t max_to_keep;
    // Steps that have to lie between two checkpoints for a save to write the second; 0 writes
    // whenever it is called.
    uint32_t checkpoint_interval;
} gradlet_manager_options;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// A status in words, for a log. Never NULL, and never freed.
const char *gradlet_status_text(int32_t status);

// Initialises a batch for features of this quantization; it holds no sample then.
gradlet_status gradlet_batch_init(gradlet_batch *batch, const gradlet_quantization *quantization);

// Forgets all samples.
gradlet_status gradlet_batch_clear(gradlet_batch *batch);

// Adds a copy of a sample.
gradlet_status gradlet_batch_push(gradlet_batch *batch,
                                  const gradlet_features *features,
                                  uint32_t label);

// Initialises a head: optimizer and slots as they start; weights and step stay as they are, which
// is 0 in a static.
gradlet_status gradlet_head_init(gradlet_head *head, const gradlet_adam *adam);

// Assigns the weights of the shipped head. Slots and step stay as they are.
gradlet_status gradlet_head_assign(gradlet_head *head, const gradlet_weights *weights);

// The most likely class of a sample.
gradlet_status gradlet_head_predict(const gradlet_head *head,
                                    const gradlet_features *features,
                                    const gradlet_quantization *quantization,
                                    uint32_t *label);

// One training step on one sample. `loss`, which may be NULL, gets the loss before the step.
gradlet_status gradlet_head_minimize(gradlet_head *head,
                                     const gradlet_features *features,
                                     const gradlet_quantization *quantization,
                                     uint32_t label,
                                     float *loss);

// One training step on the mean loss of a batch. `loss`, which may be NULL, gets that loss before
// the step. The batch stays as it is: clear it before the next samples.
gradlet_status gradlet_head_minimize_batch(gradlet_head *head, gradlet_batch *batch, float *loss);

// Training steps done so far.
gradlet_status gradlet_head_global_step(const gradlet_head *head, int64_t *step);

// The checksum of every bit of the state that a checkpoint holds: weights, slots, powers, step.
// Two devices that were trained alike have the same.
gradlet_status gradlet_head_crc32c(const gradlet_head *head, uint32_t *crc32c);

// Bytes of the head's checkpoint as it would be now.
gradlet_status gradlet_checkpoint_length(const gradlet_head *head, uint32_t *length);

// Writes a checkpoint of the head, from which `gradlet convert` makes TensorFlow's files.
// `write` gets it in pieces of at most 64 bytes, in order, each with `context`; `length`, which
// may be NULL, gets its size.
gradlet_status gradlet_checkpoint_write(const gradlet_head *head,
                                        gradlet_write write,
                                        void *context,
                                        uint32_t *length);

// Restores the head from a checkpoint, in two passes: nothing is assigned before all of it is
// verified. It is read by `read`, which gets `context`, and not a byte behind its end.
gradlet_status gradlet_checkpoint_read(gradlet_head *head, gradlet_read read, void *context);

// Finds the checkpoints in a flash; nothing is written. The flash's functions are called as long as
// the manager is used; `flash` itself is copied.
gradlet_status gradlet_manager_open(gradlet_manager *manager,
                                    const gradlet_flash *flash,
                                    const gradlet_manager_options *options);

// As gradlet_manager_open, for a flash that holds something else, or checkpoints of another model:
// whatever is in it is given up.
gradlet_status gradlet_manager_format(gradlet_manager *manager,
                                      const gradlet_flash *flash,
                                      const gradlet_manager_options *options);

// Restores the head from the newest checkpoint. GRADLET_STATUS_NO_CHECKPOINT if nothing was saved
// yet: the head is as it was then, as after every other failure.
gradlet_status gradlet_manager_restore(gradlet_manager *manager, gradlet_head *head);

// Saves the head as the newest checkpoint. It counts once all of it is written; until then, and if
// power goes or the flash fails, the one before is the newest. `save_counter`, which may be NULL,
// gets the checkpoint's number from 1, or 0 if `checkpoint_interval` says that it is too early.
gradlet_status gradlet_manager_save(gradlet_manager *manager,
                                    const gradlet_head *head,
                                    uint32_t *save_counter);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

// Opaque. Declare it `static` and pass it to gradlet_head_init.
struct gradlet_head {
    uint64_t opaque[GRADLET_HEAD_SIZE / 8];
};

// Opaque. Declare it `static` and pass it to gradlet_manager_open.
struct gradlet_manager {
    uint64_t opaque[GRADLET_MANAGER_SIZE / 8];
};

// Opaque. Declare it `static` and pass it to gradlet_batch_init.
struct gradlet_batch {
    uint64_t opaque[GRADLET_BATCH_SIZE / 8];
};
