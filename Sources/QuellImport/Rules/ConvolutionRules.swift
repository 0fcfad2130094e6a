extension Rules {
  /// Convolutions, whose window a step has whole.
  static let convolutions: [String: Rule] = [
    "Conv": convolve
  ]

  /// What every axis of the window contributes.
  private struct Axis {
    var length: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
    var before: Int
    var results: Int

    /// Where in the input a result meets an element of the kernel, or nil in the padding.
    func place(_ result: Int, _ at: Int) -> Int? {
      let place = result * stride + at * dilation - before
      return place >= 0 && place < length ? place : nil
    }
  }

  /// A convolution with a known kernel: for each place of the window a linear operation, or, where a channel has a kernel of its
  /// own, products and their sums.
  private static func convolve(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let tensor = try call.input(0)
    guard let kernel = try call.input(1).stored else { throw call.unsupported("has a kernel that is computed") }
    let (shape, weights) = (tensor.shape, kernel.shape)
    let groups = call.int("group", default: 1)
    guard shape.count >= 3, shape.count == weights.count, shape[0] == 1, weights.allSatisfy({ $0 > 0 }),
      (1...weights[0]).contains(groups), weights[0] % groups == 0,
      shape[1] == weights[1] * groups
    else { throw call.malformed("convolves shape \(shape) with a kernel of shape \(weights) in \(groups) groups") }
    guard ["NOTSET", "VALID"].contains(call.string("auto_pad", default: "NOTSET")) else { throw call.unsupported("pads by a rule") }
    let axes = try windowAxes(shape, weights, call)
    let results = axes.map { $0.results }
    let (channels, each) = (weights[0], weights[1])
    try call.checked([channels] + results + weights[1...])

    // Every result channel of a group reads the same window: [group][result place][input channel][kernel place].
    let picks = try windows(tensor, axes, groups: groups, each: each, call)
    let inner = Array(weights[1...]).product
    var elements = [Element](repeating: Element(0, 0), count: channels * results.product)
    if each == 1, channels == groups {
      let taps = try reshaped(.reals(kernel), to: [channels, 1, inner], call)
      let products = try combined(.multiply, try reshaped(picks, to: [channels, results.product, inner], call), taps, call)
      elements = call.lane.elements(of: try sums(of: products, along: 2, call), node: call.number)
    } else {
      let all = call.lane.elements(of: picks, node: call.number)
      for group in 0..<groups {
        let rows = channels / groups
        guard let part = Tensor.reals(kernel).moved({ $0.sliced(axis: 0, start: group * rows, count: rows) }),
          case .reals(let matrix) = try reshaped(part, to: [rows, inner], call)
        else { continue }
        for place in 0..<results.product {
          let start = (group * results.product + place) * inner
          let sums = call.lane.linear(matrix.transposed, Array(all[start..<(start + inner)]), call)
          for row in 0..<rows { elements[(group * rows + row) * results.product + place] = sums[row] }
        }
      }
    }
    let result = call.dynamic(elements, shape: [1, channels] + results, type: tensor.type)
    guard let bias = call.optionalInput(2) else { return [result] }
    return [try combined(.add, result, try reshaped(bias, to: [channels] + results.map { _ in 1 }, call), call)]
  }

  private static func windowAxes(_ shape: [Int], _ weights: [Int], _ call: Call) throws(ImportFailure) -> [Axis] {
    let rank = shape.count - 2
    let ones = [Int](repeating: 1, count: rank)
    let strides = call.ints("strides") ?? ones
    let dilations = call.ints("dilations") ?? ones
    let pads = call.ints("pads") ?? ones.map { _ in 0 } + ones.map { _ in 0 }
    guard strides.count == rank, dilations.count == rank, pads.count == 2 * rank,
      (strides + dilations).allSatisfy({ $0 > 0 && $0 <= Call.mostElements }), pads.allSatisfy({ $0 >= 0 && $0 <= Call.mostElements })
    else { throw call.malformed("has wrong strides, dilations or pads") }
    var axes: [Axis] = []
    for axis in 0..<rank {
      let (length, kernel) = (shape[axis + 2], weights[axis + 2])
      let room = length + pads[axis] + pads[rank + axis] - (kernel - 1) * dilations[axis] - 1
      guard kernel > 0, room >= 0 else { throw call.inconsistent("convolves shape \(shape) with a kernel of shape \(weights)") }
      axes.append(
        Axis(
          length: length, kernel: kernel, stride: strides[axis], dilation: dilations[axis], before: pads[axis],
          results: room / strides[axis] + 1))
    }
    return axes
  }

  /// The windows under the kernel, padded with zeros.
  private static func windows(_ tensor: Tensor, _ axes: [Axis], groups: Int, each: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    let (results, kernel) = (axes.map { $0.results }, axes.map { $0.kernel })
    let strides = Layout(contiguous: Array(tensor.shape[2...])).strides
    let volume = Array(tensor.shape[2...]).product
    var picks = Picks([tensor, zero(of: tensor.type)])
    for group in 0..<groups {
      for place in 0..<results.product {
        for channel in 0..<each {
          for tap in 0..<kernel.product {
            var (rest, restOfTap, at) = (place, tap, (group * each + channel) * volume)
            var isPadding = false
            for axis in axes.indices.reversed() {
              if let found = axes[axis].place(rest % results[axis], restOfTap % kernel[axis]) {
                at += found * strides[axis]
              } else {
                isPadding = true
              }
              rest /= results[axis]
              restOfTap /= kernel[axis]
            }
            isPadding ? picks.append(1, 0) : picks.append(0, at)
          }
        }
      }
    }
    return picks.assembled(shape: [groups, results.product, each, kernel.product], in: call)
  }
}
