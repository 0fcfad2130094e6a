import CQuell

extension Reduction {
  /// result[i][k] = this of source[i][j][k] over all j below `length`, k being below `inner`; the result has `count` elements.
  @_optimize(speed)
  func run(
    _ source: UnsafePointer<Float>, length: Int, inner: Int, _ result: UnsafeMutablePointer<Float>, count: Int,
    _ kernels: UnsafePointer<quell_kernels>?
  ) {
    switch self {
    case .sum where inner == 1: for index in 0..<count { result[index] = Reduction.total(source + index &* length, count: length) }
    case .sum: reduce(source, length, inner, result, count) { $0 + $1 }
    case .maximum where inner == 1:
      for index in 0..<count { result[index] = Reduction.greatest(source + index &* length, count: length, kernels) }
    case .maximum: reduce(source, length, inner, result, count) { Elementwise.maximum($0, $1) }
    }
  }

  @inline(__always)
  private func reduce(
    _ source: UnsafePointer<Float>, _ length: Int, _ inner: Int, _ result: UnsafeMutablePointer<Float>, _ count: Int,
    _ function: (Float, Float) -> Float
  ) {
    for block in 0..<count / inner {
      let sums = result + block &* inner
      var row = source + block &* length &* inner
      sums.update(from: row, count: inner)
      for _ in 1..<length {
        row += inner
        for index in 0..<inner { sums[index] = function(sums[index], row[index]) }
      }
    }
  }

  /// The greatest number of a row: of each of eight lanes, then of all; a NaN wins.
  @inline(__always)
  private static func greatest(_ row: UnsafePointer<Float>, count: Int, _ kernels: UnsafePointer<quell_kernels>?) -> Float {
    if let kernels { return kernels.pointee.greatest(row, count) }
    guard ElementVector.areRegisters else { return laneByLane(row, count: count, -.infinity) { Elementwise.maximum($0, $1) } }
    var greatest = row[0]
    var index = 1
    if count >= 8 {
      var lanes = UnsafeRawPointer(row).loadUnaligned(as: SIMD8<Float>.self)
      index = 8
      while index &+ 8 <= count {
        let some = UnsafeRawPointer(row + index).loadUnaligned(as: SIMD8<Float>.self)
        lanes = some.replacing(with: lanes, where: (lanes .> some) .| (lanes .!= lanes))
        index &+= 8
      }
      greatest = lanes[0]
      for lane in 1..<8 { greatest = Elementwise.maximum(greatest, lanes[lane]) }
    }
    while index < count {
      greatest = Elementwise.maximum(greatest, row[index])
      index &+= 1
    }
    return greatest
  }

  /// The sum of a row: eight sums, which are added up in a fixed order.
  @inline(__always)
  private static func total(_ row: UnsafePointer<Float>, count: Int) -> Float {
    guard ElementVector.areRegisters else { return laneByLane(row, count: count, 0) { $0 + $1 } }
    var lanes = SIMD8<Float>()
    var index = 0
    while index &+ 8 <= count {
      lanes += UnsafeRawPointer(row + index).loadUnaligned(as: SIMD8<Float>.self)
      index &+= 8
    }
    var total: Float = 0
    for lane in 0..<8 { total += lanes[lane] }
    while index < count {
      total += row[index]
      index &+= 1
    }
    return total
  }

  /// The same for processors without vector registers: one of the eight lanes after the other, and so with the same bits.
  @inline(never)
  @_optimize(size)
  static func laneByLane(_ row: UnsafePointer<Float>, count: Int, _ first: Float, _ function: (Float, Float) -> Float) -> Float {
    var result = first
    let wholeEights = count & ~7
    if wholeEights > 0 {
      for lane in 0..<8 {
        var one = first
        var index = lane
        while index < wholeEights {
          one = function(one, row[index])
          index &+= 8
        }
        result = function(result, one)
      }
    }
    for index in wholeEights..<count { result = function(result, row[index]) }
    return result
  }
}
