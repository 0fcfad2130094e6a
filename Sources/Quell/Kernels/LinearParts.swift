import CQuell

/// A linear operation for one token or several, cut into parts that different threads can do.
struct LinearParts {
  /// Parts begin at multiples of this many outputs: a line of the cache in every format, and whole blocks of integers.
  static let granule = 64

  /// As much of a matrix as stays in a second-level cache while it serves one token after the other.
  private static let blockBytes = 128 << 10
  /// Sums of more outputs than this leave the second-level cache with every row; they are done in tiles. Shorter pieces of rows would
  /// leave the sums in the first-level cache, but memory is read faster the longer they are.
  private static let mostOutputs = 32768
  /// The same for several tokens, which have as many sums for each output.
  private static let mostSharedOutputs = 12288
  private static let sharedTileOutputs = 4096
  /// A shorter piece of a row is no longer read at the speed of memory.
  private static let leastRowBytes = 2048
  /// Less work than this is done before another thread has noticed it.
  private static let leastSharedBytes = 64 << 10
  /// So that a thread that the system puts aside holds up only a part.
  private static let partsPerThread = 4

  let linear: Linear
  /// The tokens' lists of events and results.
  let lanes: UnsafeMutableBufferPointer<Lane>
  /// Where the result is within a lane's scratch memory; elsewhere it is `single`.
  let offset: Int
  /// Where the result of a single token is.
  let single: UnsafeMutablePointer<Float>?
  /// The tokens as the loops in C take several: those of the first half of the inputs, then those of the second.
  private let tokens: UnsafeMutablePointer<quell_token>
  /// Outputs of a part.
  private let length: Int
  /// Parts of a half of the inputs, and how many halves are shared out.
  private let (columns, halves): (Int, Int)

  /// There is room for two tokens for each lane at `tokens`.
  init(
    _ linear: Linear, _ lanes: UnsafeMutableBufferPointer<Lane>, tokens: UnsafeMutablePointer<quell_token>, offset: Int,
    single: UnsafeMutablePointer<Float>?, threads: Int
  ) {
    self.linear = linear
    self.lanes = lanes
    self.tokens = tokens
    self.offset = offset
    self.single = single
    (length, halves) = LinearParts.cut(linear, lanes, threads: threads)
    columns = (linear.outputs + length - 1) / length
    for lane in 0..<lanes.count {
      if linear.matrix.format == .ternary { lanes[lane].events.makeWhole() }
      if linear.layout == .outputMajor { lanes[lane].events.makeDense() }
    }
    guard lanes.count > 1, hasLoopsForSeveral else { return }
    for lane in 0..<lanes.count {
      tokens[lane] = lanes[lane].token(0..<linear.middle, result: result(lane))
      if linear.hasTwoSums {
        tokens[lanes.count + lane] = lanes[lane].token(linear.middle..<linear.inputs, result: lanes[lane].partial)
      }
    }
  }

  /// How many parts there are.
  var count: Int { columns * halves }

  /// Does all parts, with the help of `workers` where there are any.
  @_optimize(speed)
  func run(_ workers: OpaquePointer?) {
    if let workers, count > 1 {
      withUnsafePointer(to: self) { parts in
        let work: quell_work = { context, part in
          context!.assumingMemoryBound(to: LinearParts.self).pointee.run(part: Int(part))
        }
        quell_workers_run(workers, work, UnsafeMutableRawPointer(mutating: parts), UInt32(count))
      }
    } else {
      for part in 0..<count { run(part: part) }
    }
    if halves == 2 { linear.finish(result(0), partial: lanes[0].partial, 0..<linear.outputs) }
  }

  private func run(part number: Int) {
    let column = number % columns
    let part = column * length..<min((column + 1) * length, linear.outputs)
    if halves == 2 {
      if number < columns {
        linear.runFirst(lanes[0].events, result(0), part)
      } else {
        linear.runSecond(lanes[0].events, lanes[0].partial, part)
      }
    } else if lanes.count == 1 || !ElementVector.areRegisters {
      // On a board there is little flash for code, and no cache whose lines tokens could share: one token after the other.
      for lane in 0..<lanes.count { linear.run(lanes[lane].events, result(lane), partial: lanes[lane].partial, part) }
    } else if linear.kernels == nil, linear.layout == .outputMajor {
      runOutputs(part)
    } else {
      runTogether(part)
    }
  }

  /// What is read of a matrix serves all tokens.
  @_optimize(speed)
  private func runTogether(_ part: Range<Int>) {
    let hasTwoSums = linear.hasTwoSums
    let first = 0..<(hasTwoSums ? linear.middle : linear.inputs)
    for lane in 0..<lanes.count { linear.begin(first, result(lane), part) }
    add(first, tokens, part) { result($0) }
    if hasTwoSums {
      let second = linear.middle..<linear.inputs
      for lane in 0..<lanes.count { linear.begin(second, lanes[lane].partial, part) }
      add(second, tokens + lanes.count, part) { lanes[$0].partial }
    }
    for lane in 0..<lanes.count { linear.finish(result(lane), partial: hasTwoSums ? lanes[lane].partial : nil, part) }
  }

  /// Whether there are loops in C for several tokens, which widen weights: rows of ternary numbers are added faster as they are.
  private var hasLoopsForSeveral: Bool {
    linear.kernels != nil && (linear.layout == .outputMajor || linear.matrix.format != .ternary)
  }

  /// Adds what some inputs contribute: tiles of weights at a time with the loops in C, some rows at a time elsewhere.
  @inline(__always)
  private func add(
    _ inputs: Range<Int>, _ tokens: UnsafePointer<quell_token>, _ part: Range<Int>, _ sums: (Int) -> UnsafeMutablePointer<Float>
  ) {
    if let kernels = linear.kernels, hasLoopsForSeveral {
      for first in stride(from: 0, to: lanes.count, by: Int(QUELL_TOKENS_TOGETHER)) {
        let count = min(lanes.count - first, Int(QUELL_TOKENS_TOGETHER))
        linear.add(UnsafeBufferPointer(start: tokens + first, count: count), inputs, kernels, part)
      }
      return
    }
    let rows = max(LinearParts.blockBytes / max(part.count * linear.matrix.rowBytes / linear.outputs, 1), 8)
    for first in stride(from: inputs.lowerBound, to: inputs.upperBound, by: rows) {
      let some = first..<min(first + rows, inputs.upperBound)
      for lane in 0..<lanes.count { linear.add(lanes[lane].events, some, to: sums(lane), part) }
    }
  }

  /// Some outputs at a time are made for all tokens.
  @_optimize(speed)
  private func runOutputs(_ part: Range<Int>) {
    let outputs = max(LinearParts.blockBytes / max(linear.matrix.rowBytes, 1), 4)
    var first = part.lowerBound
    while first < part.upperBound {
      let some = first..<min(first + outputs, part.upperBound)
      for lane in 0..<lanes.count { linear.run(lanes[lane].events, result(lane), partial: lanes[lane].partial, some) }
      first = some.upperBound
    }
  }

  private func result(_ lane: Int) -> UnsafeMutablePointer<Float> { single ?? lanes[lane].scratch + offset }

  /// How many outputs of rows of inputs are made at a time.
  private static func tile(_ outputs: Int, tokens: Int) -> Int {
    if tokens == 1 { return min(max(outputs, 1), mostOutputs) }
    return outputs > mostSharedOutputs ? sharedTileOutputs : max(outputs, 1)
  }

  /// How many outputs a part has, and whether each half of the inputs has parts of its own.
  private static func cut(
    _ linear: Linear, _ lanes: UnsafeMutableBufferPointer<Lane>, threads: Int
  ) -> (length: Int, halves: Int) {
    let outputs = linear.outputs
    let tile = linear.layout == .inputMajor ? tile(outputs, tokens: lanes.count) : max(outputs, 1)
    guard threads > 1 else { return (tile, 1) }
    var rowsRead = 0
    for lane in 0..<lanes.count { rowsRead += linear.layout == .inputMajor ? lanes[lane].events.count : outputs }
    guard rowsRead * linear.matrix.rowBytes >= leastSharedBytes else { return (tile, 1) }
    let halves = lanes.count == 1 && linear.isSplit ? 2 : 1
    var parts = threads * partsPerThread
    if linear.layout == .inputMajor && lanes.count == 1 {
      let sharers = (threads + halves - 1) / halves
      parts = sharers * min(max(linear.matrix.rowBytes / (leastRowBytes * sharers), 1), partsPerThread)
    }
    let length = (outputs + parts - 1) / parts
    // No more parts than the workers can count, whatever a file asks for.
    let most = Int(QUELL_MOST_PARTS) / halves
    let least = (outputs + most - 1) / most
    return (max(min((length + granule - 1) / granule * granule, tile), (least + granule - 1) / granule * granule), halves)
  }
}
