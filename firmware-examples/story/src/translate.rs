//! Each kind of layer, from the graph's tensors to the device's tables.

use backbone::{AveragePool2d, ConvChannel, DenseChannel, LANES, MaxPool2d, OutputRange, Window};

use crate::Error;
use crate::plan::Step;
use crate::quantize::fixed_point;
use crate::site::Site;

/// The layers that a device can run: the name in `layers`, the operator in `int8_graph`, and how
/// it is read.
pub(crate) const KINDS: [(&str, &str, Translate); 5] = [
    ("conv2d", "CONV_2D", conv),
    ("depthwise_conv2d", "DEPTHWISE_CONV_2D", depthwise_conv),
    ("dense", "FULLY_CONNECTED", dense),
    ("maxpool", "MAX_POOL_2D", max_pool),
    ("avgpool", "AVERAGE_POOL_2D", average_pool),
];

type Translate = fn(&Site<'_>) -> Result<Step, Error>;

fn conv(site: &Site<'_>) -> Result<Step, Error> {
    let (filter, weights) = site.filter()?;
    let [channels, height, width, depth] = site.filter_shape(filter)?;
    let window = convolution_window(site, [height, width])?;
    let found = (window.output.channels, window.input.channels);
    site.expect(
        "filter, output and input channels",
        (channels, depth),
        found,
    )?;
    let group = usize::from(height) * usize::from(width) * usize::from(depth);
    let biases = fold(site, site.biases(channels)?, &weights, group);
    Ok(Step::Conv2d {
        window,
        input_zero_point: site.input.zero_point,
        output: site.output_range()?,
        weights: interleave(&weights, group),
        channels: conv_channels(biases, site.scales(filter, channels)?),
    })
}

fn depthwise_conv(site: &Site<'_>) -> Result<Step, Error> {
    let (filter, weights) = site.filter()?;
    let [one, height, width, channels] = site.filter_shape(filter)?;
    site.expect("filter, first dimension", 1, one)?;
    let window = convolution_window(site, [height, width])?;
    site.expect("filter, output channels", channels, window.output.channels)?;
    let multiplier = channels / window.input.channels;
    let all = u32::from(multiplier) * u32::from(window.input.channels);
    site.expect(
        "output channels, in groups of one an input channel",
        all,
        channels.into(),
    )?;
    Ok(Step::DepthwiseConv2d {
        window,
        multiplier,
        input_zero_point: site.input.zero_point,
        output: site.output_range()?,
        weights,
        channels: conv_channels(site.biases(channels)?, site.scales(filter, channels)?),
    })
}

fn dense(site: &Site<'_>) -> Result<Step, Error> {
    let (filter, weights) = site.filter()?;
    let [outputs, inputs] = site.filter_shape(filter)?;
    let group = usize::from(inputs);
    let found = (site.output.elements(), site.input.elements());
    site.expect("filter, outputs and inputs", (outputs.into(), group), found)?;
    let biases = fold(site, site.biases(outputs)?, &weights, group);
    let scales = site.scales(filter, outputs)?;
    let channels = biases.into_iter().zip(scales);
    Ok(Step::Dense {
        inputs,
        output: site.output_range()?,
        weights: interleave(&weights, group),
        channels: channels
            .map(|(bias, scale)| DenseChannel { bias, scale })
            .collect(),
    })
}

fn max_pool(site: &Site<'_>) -> Result<Step, Error> {
    let (window, OutputRange { min, max, .. }) = pool(site)?;
    Ok(Step::MaxPool2d(MaxPool2d { window, min, max }))
}

fn average_pool(site: &Site<'_>) -> Result<Step, Error> {
    let (window, OutputRange { min, max, .. }) = pool(site)?;
    Ok(Step::AveragePool2d(AveragePool2d { window, min, max }))
}

fn pool(site: &Site<'_>) -> Result<(Window, OutputRange), Error> {
    let quantizations = (site.input.quantization(), site.output.quantization());
    site.expect("quantization", quantizations.0, quantizations.1)?;
    let pool = site.key("pool", site.layer.pool)?;
    let what = format!("{}, pool", site.name);
    let kernel = [
        site.tensors.dimension(&what, pool[0])?,
        site.tensors.dimension(&what, pool[1])?,
    ];
    // Keras' defaults, which the manifest leaves out.
    let stride = site.layer.stride.unwrap_or(pool);
    let padding = site.layer.pad.as_deref().unwrap_or("valid");
    let window = site.window(kernel, stride, padding)?;
    site.expect("channels", window.input.channels, window.output.channels)?;
    Ok((window, site.output_range()?))
}

fn convolution_window(site: &Site<'_>, kernel: [u16; 2]) -> Result<Window, Error> {
    let dilation = site.layer.dilation.unwrap_or([1, 1]);
    site.expect("dilation", [1, 1], dilation)?;
    let stride = site.key("stride", site.layer.stride)?;
    let padding = site.key("pad", site.layer.pad.as_deref())?;
    site.window(kernel, stride, padding)
}

fn conv_channels(biases: Vec<i32>, scales: Vec<f64>) -> Vec<ConvChannel> {
    let factors = scales.into_iter().map(fixed_point);
    let channels = biases.into_iter().zip(factors);
    channels
        .map(|(bias, factor)| ConvChannel { bias, factor })
        .collect()
}

/// The biases, each with what the input's zero point takes away over its `group` weights.
fn fold(site: &Site<'_>, biases: Vec<i32>, weights: &[i8], group: usize) -> Vec<i32> {
    let zero_point = i32::from(site.input.zero_point);
    let rows = weights.chunks_exact(group);
    let folded = biases.into_iter().zip(rows).map(|(bias, row)| {
        let sum = row
            .iter()
            .fold(0i32, |sum, &weight| sum.wrapping_add(weight.into()));
        bias.wrapping_sub(zero_point.wrapping_mul(sum))
    });
    folded.collect()
}

/// Groups of [`LANES`] rows of `length` weights, interleaved and filled up with zeros.
fn interleave(rows: &[i8], length: usize) -> Vec<[i8; LANES]> {
    let rows: Vec<&[i8]> = rows.chunks_exact(length).collect();
    let mut interleaved = Vec::new();
    for group in rows.chunks(LANES) {
        for tap in 0..length {
            let mut lanes = [0; LANES];
            for (lane, row) in lanes.iter_mut().zip(group) {
                *lane = row[tap];
            }
            interleaved.push(lanes);
        }
    }
    interleaved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_interleaved_in_groups_and_the_last_group_is_filled_up() {
        let rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        let expected = [[1, 3, 5, 7], [2, 4, 6, 8], [9, 0, 0, 0], [10, 0, 0, 0]];
        assert_eq!(interleave(&rows, 2), expected);
    }
}
