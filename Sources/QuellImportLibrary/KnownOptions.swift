import CQuell
import CQuellImport
import QuellImport

private let weightTypes: [Int: WeightType] = [
  QUELL_IMPORT_SOURCE: .source, QUELL_IMPORT_F32: .f32, QUELL_IMPORT_F16: .f16, QUELL_IMPORT_BF16: .bf16, QUELL_IMPORT_INT8: .int8,
  QUELL_IMPORT_INT4: .int4,
]

/// The options that a caller gave; null gives the defaults, and fields that the caller does not know are zero.
func known(_ given: UnsafePointer<quell_import_options>?) throws(Refusal) -> ImportOptions {
  var options = quell_import_options()
  if let given {
    let (size, known) = (Int(given.pointee.struct_size), MemoryLayout<quell_import_options>.size)
    // Nothing of ours will ever be that long: the field was not set.
    guard size >= known, size <= 4096 else {
      throw Refusal(QUELL_INVALID_ARGUMENT, "the options have a struct_size of \(size); set it to sizeof the structure")
    }
    guard UnsafeRawBufferPointer(start: given, count: size)[known...].allSatisfy({ $0 == 0 }) else {
      throw Refusal(QUELL_UNSUPPORTED, "the options ask for something that this version of the library does not know")
    }
    options = given.pointee
  }
  guard let weights = weightTypes[Int(options.weights)] else {
    throw Refusal(QUELL_INVALID_ARGUMENT, "\(options.weights) is no type of weights that this version of the library knows")
  }
  return ImportOptions(
    weights: weights, name: options.name.map { String(cString: $0) }, tokenizer: options.tokenizer.map { String(cString: $0) })
}
