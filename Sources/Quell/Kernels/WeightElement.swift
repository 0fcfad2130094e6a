import CQuell

/// A format of weights: how neighbours in a row of a matrix become floats.
protocol WeightElement {
  /// Bytes of a row of so many numbers.
  static func bytes(_ count: Int) -> Int
  /// The eight numbers of a row from an index on that is a multiple of eight.
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float>
  /// The number of a row at an index.
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float
  /// The loops in C.
  static func addRows(_ kernels: quell_kernels) -> AddRows
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows
  /// ``LinearScalar/addRows(_:_:stride:outputs:_:_:events:to:)`` in whole numbers; false, and nothing has been done, where sums of them
  /// might not have the same bits.
  static func addWholeRows(
    _ matrix: UnsafeRawPointer, stride: Int, outputs: Int, _ indices: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, events: Int,
    to result: UnsafeMutablePointer<Float>
  ) -> Bool
  /// The same of ``LinearOutputMajor/add(_:_:outputs:_:inputs:to:)``.
  static func multiplyWholeRows(
    _ matrix: UnsafeRawPointer, outputs: Int, _ vector: UnsafePointer<Float>, inputs: Int, to result: UnsafeMutablePointer<Float>
  ) -> Bool
}

/// result[o] += sum over events of rows: matrix, stride, outputs, indices, values, events, result.
typealias AddRows =
  @convention(c) (
    UnsafeRawPointer?, Int, Int, UnsafePointer<UInt32>?, UnsafePointer<Float>?, Int, UnsafeMutablePointer<Float>?
  ) -> Void

/// result[o] += row times vector: matrix, outputs, vector, inputs, result.
typealias MultiplyRows =
  @convention(c) (
    UnsafeRawPointer?, Int, UnsafePointer<Float>?, Int, UnsafeMutablePointer<Float>?
  ) -> Void

extension WeightElement {
  @inline(__always)
  static func addWholeRows(
    _ matrix: UnsafeRawPointer, stride: Int, outputs: Int, _ indices: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, events: Int,
    to result: UnsafeMutablePointer<Float>
  ) -> Bool { false }

  @inline(__always)
  static func multiplyWholeRows(
    _ matrix: UnsafeRawPointer, outputs: Int, _ vector: UnsafePointer<Float>, inputs: Int, to result: UnsafeMutablePointer<Float>
  ) -> Bool { false }

  /// A whole row.
  @_optimize(speed)
  static func widen(_ row: UnsafeRawPointer, _ count: Int, to result: UnsafeMutablePointer<Float>) {
    for index in 0..<count { result[index] = load(row, index) }
  }
}

/// 32-bit IEEE 754.
enum F32: WeightElement {
  @inline(__always)
  static func bytes(_ count: Int) -> Int { count &* 4 }

  @inline(__always)
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float> {
    (row + index &* 4).loadUnaligned(as: SIMD8<Float>.self)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float { (row + index &* 4).loadUnaligned(as: Float.self) }

  static func addRows(_ kernels: quell_kernels) -> AddRows { kernels.add_rows_f32 }
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows { kernels.multiply_rows_f32 }
}

/// 16-bit IEEE 754, widened with integer operations that every processor has.
enum F16: WeightElement {
  // A half's exponent and fraction, moved to a float's place, are the number times 2^-112, subnormals included. Infinities and
  // NaNs come out as numbers of 65536 and more; they get the exponent that they should have.
  private static let scale = Float(sign: .plus, exponent: 112, significand: 1)

  @inline(__always)
  static func bytes(_ count: Int) -> Int { count &* 2 }

  @inline(__always)
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float> {
    let wide = widen8((row + index &* 2).loadUnaligned(as: SIMD8<UInt16>.self))
    let sign = (wide & 0x8000) &<< 16
    let magnitude = unsafeBitCast((wide & 0x7fff) &<< 13, to: SIMD8<Float>.self) * scale
    var bits = unsafeBitCast(magnitude, to: SIMD8<UInt32>.self)
    // All ones where the number is 65536 or more.
    let isLarge = unsafeBitCast(unsafeBitCast(0x477f_ffff &- bits, to: SIMD8<Int32>.self) &>> 31, to: SIMD8<UInt32>.self)
    bits |= isLarge & 0x7f80_0000
    return unsafeBitCast(bits | sign, to: SIMD8<Float>.self)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float {
    let half = UInt32((row + index &* 2).loadUnaligned(as: UInt16.self))
    var bits = (Float(bitPattern: (half & 0x7fff) &<< 13) * scale).bitPattern
    if half & 0x7c00 == 0x7c00 { bits |= 0x7f80_0000 }
    return Float(bitPattern: bits | (half & 0x8000) &<< 16)
  }

  static func addRows(_ kernels: quell_kernels) -> AddRows { kernels.add_rows_f16 }
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows { kernels.multiply_rows_f16 }
}

/// The upper half of a 32-bit float.
enum BF16: WeightElement {
  @inline(__always)
  static func bytes(_ count: Int) -> Int { count &* 2 }

  @inline(__always)
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float> {
    unsafeBitCast(widen8((row + index &* 2).loadUnaligned(as: SIMD8<UInt16>.self)) &<< 16, to: SIMD8<Float>.self)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float {
    Float(bitPattern: UInt32((row + index &* 2).loadUnaligned(as: UInt16.self)) &<< 16)
  }

  static func addRows(_ kernels: quell_kernels) -> AddRows { kernels.add_rows_bf16 }
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows { kernels.multiply_rows_bf16 }
}

/// 8-bit integers, whose scales are the operation's.
enum Int8Element: WeightElement {
  @inline(__always)
  static func bytes(_ count: Int) -> Int { count }

  @inline(__always)
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float> {
    let bytes = (row + index).loadUnaligned(as: SIMD8<UInt8>.self)
    return float(widen8(bytes) ^ 0x80) - (0x1p23 + 128)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float {
    // Through Int: from anything else a machine of 32 bits would convert by a call, by way of 64.
    Float(Int((row + index).loadUnaligned(as: Int8.self)))
  }

  static func addRows(_ kernels: quell_kernels) -> AddRows { kernels.add_rows_int8 }
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows { kernels.multiply_rows_int8 }

  @inline(__always)
  static func addWholeRows(
    _ matrix: UnsafeRawPointer, stride: Int, outputs: Int, _ indices: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, events: Int,
    to result: UnsafeMutablePointer<Float>
  ) -> Bool { quell_add_whole_rows_int8(matrix, stride, outputs, indices, values, events, result) }

  @inline(__always)
  static func multiplyWholeRows(
    _ matrix: UnsafeRawPointer, outputs: Int, _ vector: UnsafePointer<Float>, inputs: Int, to result: UnsafeMutablePointer<Float>
  ) -> Bool { quell_multiply_whole_rows_int8(matrix, outputs, vector, inputs, result) }
}

/// 4-bit integers in blocks of 32 along a row, GGUF's Q4_0: a scale of 16 bits, then 16 bytes, of which byte j holds number j of the
/// block in its lower half and number j + 16 in its upper half; a number stands for (half - 8) times the scale.
enum Int4Element: WeightElement {
  private static let block = (count: 32, bytes: 18)

  @inline(__always)
  static func bytes(_ count: Int) -> Int { count / block.count &* block.bytes }

  @inline(__always)
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float> {
    let start = row + (index &>> 5) &* block.bytes
    let bytes = (start + 2 + (index & 15)).loadUnaligned(as: SIMD8<UInt8>.self)
    let shift = UInt8(truncatingIfNeeded: (index &>> 2) & 4)
    let halves = (bytes &>> SIMD8(repeating: shift)) & 15
    return (float(widen8(halves)) - (0x1p23 + 8)) * F16.load(start, 0)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float {
    let start = row + (index &>> 5) &* block.bytes
    let byte = Int((start + 2 + (index & 15)).loadUnaligned(as: UInt8.self))
    return Float(((byte &>> ((index &>> 2) & 4)) & 15) &- 8) * F16.load(start, 0)
  }

  static func addRows(_ kernels: quell_kernels) -> AddRows { kernels.add_rows_int4 }
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows { kernels.multiply_rows_int4 }
}

/// -1, 0 and 1 in blocks of 64 along a row: byte j of 16 holds numbers j, j + 16, j + 32 and j + 48 of the block, two bits each from the
/// lowest up, as 0, 1 and 2.
enum TernaryElement: WeightElement {
  @inline(__always)
  static func bytes(_ count: Int) -> Int { count &>> 2 }

  @inline(__always)
  static func load8(_ row: UnsafeRawPointer, _ index: Int) -> SIMD8<Float> {
    let bytes = (row + place(index)).loadUnaligned(as: SIMD8<UInt8>.self)
    let codes = (bytes &>> SIMD8(repeating: UInt8(truncatingIfNeeded: shift(index)))) & 3
    return float(widen8(codes)) - (0x1p23 + 1)
  }

  @inline(__always)
  static func load(_ row: UnsafeRawPointer, _ index: Int) -> Float {
    let byte = Int((row + place(index)).loadUnaligned(as: UInt8.self))
    return Float(((byte &>> shift(index)) & 3) &- 1)
  }

  @inline(__always)
  private static func place(_ index: Int) -> Int { (index &>> 6) &* 16 &+ (index & 15) }

  @inline(__always)
  private static func shift(_ index: Int) -> Int { (index &>> 3) & 6 }

  static func addRows(_ kernels: quell_kernels) -> AddRows { kernels.add_rows_ternary }
  static func multiplyRows(_ kernels: quell_kernels) -> MultiplyRows { kernels.multiply_rows_ternary }

  /// What meets ternary weights is whole.
  @inline(__always)
  static func addWholeRows(
    _ matrix: UnsafeRawPointer, stride: Int, outputs: Int, _ indices: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, events: Int,
    to result: UnsafeMutablePointer<Float>
  ) -> Bool {
    quell_add_whole_rows_ternary(matrix, stride, outputs, indices, values, events, result)
    return true
  }
}

// MARK: Widening

// Spelled out: the standard library's converting initialiser becomes a call, and a loop over the elements stays one.

@inline(__always)
private func widen8(_ x: SIMD8<UInt16>) -> SIMD8<UInt32> {
  SIMD8(UInt32(x[0]), UInt32(x[1]), UInt32(x[2]), UInt32(x[3]), UInt32(x[4]), UInt32(x[5]), UInt32(x[6]), UInt32(x[7]))
}

@inline(__always)
private func widen8(_ x: SIMD8<UInt8>) -> SIMD8<UInt32> {
  SIMD8(UInt32(x[0]), UInt32(x[1]), UInt32(x[2]), UInt32(x[3]), UInt32(x[4]), UInt32(x[5]), UInt32(x[6]), UInt32(x[7]))
}

/// 2^23 + n of integers n below 2^23: n stands in the lower bits of such a float, so that no processor need convert.
@inline(__always)
private func float(_ n: SIMD8<UInt32>) -> SIMD8<Float> { unsafeBitCast(n | 0x4b00_0000, to: SIMD8<Float>.self) }
