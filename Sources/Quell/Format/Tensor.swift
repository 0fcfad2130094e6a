import CQuell

/// The type of a tensor's numbers.
public enum WeightFormat: UInt32, Sendable, CaseIterable {
  /// 32-bit IEEE 754.
  case f32 = 0
  /// 16-bit IEEE 754.
  case f16 = 1
  /// 4-bit integers in blocks of 32 with a scale of 16 bits each: GGUF's Q4_0.
  case int4 = 2
  /// 8-bit integers; the operations that use them bring the scales.
  case int8 = 24
  /// The upper half of a 32-bit float.
  case bf16 = 30
  /// -1, 0 and 1 in blocks of 64, which the operations that use them scale and which take events as whole numbers of 8 bits. GGUF has no
  /// such type: in a file they are I8, 4 to a byte, and the key `quell.ternary` says of which tensors.
  case ternary = 256

  /// How many neighbours in a row are stored together: a row is a whole number of such blocks.
  public var blockCount: Int {
    switch self {
    case .f32, .f16, .bf16, .int8: 1
    case .int4: 32
    case .ternary: 64
    }
  }

  /// Bytes of one block.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .int8: 1
    case .int4: 18
    case .ternary: 16
    }
  }

  /// Whether an operation can multiply what it makes of these numbers by scales of its own.
  public var takesScale: Bool { self == .int8 || self == .ternary }

  /// Whether it always does; ternary numbers can stand for themselves.
  var needsScale: Bool { self == .int8 }
}

/// A matrix or vector in the file, used where it stands.
struct Tensor {
  let format: WeightFormat
  /// Contiguous vectors of ``columns`` numbers each; 1 for a vector.
  let rows: Int
  let columns: Int
  /// The first number. Tensors begin at multiples of the file's alignment.
  let data: UnsafeRawPointer
  let name: UnsafeRawBufferPointer

  /// Bytes from one row to the next.
  var rowBytes: Int { columns / format.blockCount * format.blockBytes }

  /// Bytes of all rows.
  var byteCount: Int { rows * rowBytes }
}

extension Tensor {
  /// Checks that an entry is of a type that can be used and lies wholly within the data section, which begins at `dataStart`.
  ///
  /// Where the file says that its bytes hold ternary numbers, it has four times as many columns as the file gives it.
  init(_ entry: GGUF.TensorEntry, isTernary: Bool, of bytes: UnsafeRawBufferPointer, dataStart: Int) throws(Failure) {
    guard let type = WeightFormat(rawValue: entry.type), type != .ternary else {
      throw Failure(QUELL_UNSUPPORTED, "tensor '").then(entry.name).then("' is of GGUF type ").then(Int(clamping: entry.type))
        .then("; F32, F16, BF16, I8 and Q4_0 can be used").at(entry.offset)
    }
    let (columns, isTooWide) = entry.dimensions.0.multipliedReportingOverflow(by: isTernary ? 4 : 1)
    guard !isTernary || type == .int8, !isTooWide else {
      throw Failure(QUELL_MALFORMED, "tensor '").then(entry.name).then("' cannot hold ternary numbers: they are bytes of type I8")
        .at(entry.offset)
    }
    let format = isTernary ? .ternary : type
    guard columns % format.blockCount == 0 else {
      throw Failure(QUELL_MALFORMED, "the rows of tensor '").then(entry.name).then("' are no whole number of blocks of ")
        .then(format.blockCount).at(entry.offset)
    }
    let blocks = columns / format.blockCount
    let (elements, tooMany) = blocks.multipliedReportingOverflow(by: entry.dimensions.1)
    let (size, tooLarge) = elements.multipliedReportingOverflow(by: format.blockBytes)
    guard !tooMany, !tooLarge, dataStart <= bytes.count, entry.dataOffset <= UInt64(bytes.count - dataStart),
      size <= bytes.count - dataStart - Int(entry.dataOffset)
    else {
      throw Failure(QUELL_MALFORMED, "tensor '").then(entry.name).then("' reaches past the end of the file; it may be truncated")
        .at(entry.offset)
    }
    guard entry.dataOffset % UInt64(ModelFile.alignment) == 0 else {
      throw Failure(QUELL_MALFORMED, "tensor '").then(entry.name).then("' does not begin at a multiple of the alignment").at(entry.offset)
    }
    self.format = format
    rows = entry.dimensions.1
    self.columns = columns
    data = bytes.baseAddress! + dataStart + Int(entry.dataOffset)
    name = entry.name
  }
}
