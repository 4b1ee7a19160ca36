// The main job in C: a frozen int8 backbone meets new data, and the head in front of it is
// fine-tuned on the device with Adam, exactly as TensorFlow would; the result leaves as a
// checkpoint. The Rust program of the same name ends with the same bits.
#include "board.h"
#include "gradlet.h"
#include "story.h"

// Everything large is static, and zero until it is initialised.
static gradlet_head head;
static gradlet_batch batch;
static gradlet_features replay[STORY_DISTINCT];
static int8_t scratch[STORY_SCRATCH];

// Leaves the function with the status of a call that failed.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        const gradlet_status status_ = (call);                                                     \
        if (status_ != GRADLET_STATUS_OK) return status_;                                          \
    } while (0)

// Prints the share of the story's test samples that the head classifies as labelled.
static gradlet_status report_accuracy(const char *name)
{
    uint32_t right = 0;
    const uint16_t tests = story_tests();
    for (uint16_t test = 0; test < tests; ++test) {
        const uint16_t row = story_test_row(test);
        gradlet_features features;
        uint32_t label;
        if (!story_features(row, &scratch, &features)) return GRADLET_STATUS_OTHER;
        TRY(gradlet_head_predict(&head, &features, &story_quantization, &label));
        right += label == story_label(row);
    }
    board_figure_percent(name, right, tests);
    return GRADLET_STATUS_OK;
}

// Each labelled sample goes through the frozen layers once; training replays their features.
static gradlet_status collect(void)
{
    for (uint16_t sample = 0; sample < story_distinct(); ++sample) {
        if (!story_features(story_distinct_row(sample), &scratch, &replay[sample])) {
            return GRADLET_STATUS_OTHER;
        }
    }
    return GRADLET_STATUS_OK;
}

static gradlet_status train(uint16_t step)
{
    TRY(gradlet_batch_clear(&batch));
    for (uint16_t position = 0; position < GRADLET_BATCH; ++position) {
        const uint16_t sample = story_replay(step, position);
        if (sample >= STORY_DISTINCT) break;
        const uint16_t label = story_label(story_distinct_row(sample));
        TRY(gradlet_batch_push(&batch, &replay[sample], label));
    }
    float loss;
    return gradlet_head_minimize_batch(&head, &batch, &loss);
}

// How a checkpoint leaves: on a real board, into a UART or the flash.
static int32_t write_file(void *context, const uint8_t *bytes, size_t length)
{
    const board_file *file = context;
    return board_file_write(*file, bytes, length) ? 0 : -1;
}

static gradlet_status run(void)
{
    TRY(gradlet_head_init(&head, &story_adam));
    TRY(gradlet_head_assign(&head, &story_weights));
    TRY(gradlet_batch_init(&batch, &story_quantization));
    TRY(report_accuracy("accuracy_before"));

    TRY(collect());
    for (uint16_t step = 0; step < story_steps(); ++step) {
        TRY(train(step));
    }
    TRY(report_accuracy("accuracy_after"));

    uint32_t crc32c;
    TRY(gradlet_head_crc32c(&head, &crc32c));
    board_figure_bits("state_crc32c", crc32c, "crc32c");

    uint32_t length;
    board_file file = board_file_create("checkpoint.gck");
    TRY(gradlet_checkpoint_write(&head, write_file, &file, &length));
    board_file_close(file);
    board_figure("checkpoint", length, "byte");
    return GRADLET_STATUS_OK;
}

int main(void)
{
    const gradlet_status status = run();
    if (status == GRADLET_STATUS_OK) return 0;
    board_print("error: ");
    board_print(gradlet_status_text(status));
    board_print("\n");
    return 1;
}
