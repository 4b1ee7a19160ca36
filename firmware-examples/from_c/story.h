// The story: a frozen model, a data set, and the order in which to train. In a product these are
// the inference engine and the sensor.
#ifndef STORY_H
#define STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "gradlet.h"

#define STORY_DISTINCT 200   // samples that are trained on, at most
#define STORY_SCRATCH 4096   // bytes that the frozen layers need, at most
#define STORY_NONE UINT16_MAX // there is no such thing

extern const gradlet_weights story_weights;
extern const gradlet_adam story_adam;
extern const gradlet_quantization story_quantization;

// Runs the frozen layers on a sample of the data set; false if there is none.
bool story_features(uint16_t row, int8_t (*scratch)[STORY_SCRATCH],
                    gradlet_features *features);
uint16_t story_label(uint16_t row);

// The samples to train on, and which of them a step's batch consists of.
uint16_t story_distinct(void);
uint16_t story_distinct_row(uint16_t index);
uint16_t story_steps(void);
uint16_t story_replay(uint16_t step, uint16_t position);

// The samples to test on.
uint16_t story_tests(void);
uint16_t story_test_row(uint16_t index);

#endif
