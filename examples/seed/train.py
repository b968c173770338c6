import sagemaker
from sagemaker.pytorch import PyTorch
from sagemaker.inputs import FileSystemInput

sagemaker_session = sagemaker.Session()
role = sagemaker.get_execution_role()
job_name = sagemaker.utils.name_from_base("seed")
checkpoint_s3_uri = f"s3://{sagemaker_session.default_bucket()}/checkpoints/{job_name}"

hyperparameters = {
    "batch_size":32,
    "lr":1e-4,
    "image_size":128
} # 모델에 따라 다름

estimator = PyTorch(
    # 필수 파라미터
    source_dir="code",                      # dir of files
    entry_point="train.py",                 # file for train
    role=role,                              # aws iam role
    framework_version="1.10",               # pytorch version
    py_version="py38",                      # python version
    instance_count=1,                       # train instance count
    instance_type="ml.p4d.24xlarge",        # train instance type
    sagemaker_session=sagemaker_session,    # SageMaker Session
    hyperparameters=hyperparameters,        # hyperparameters
    # 옵션 파라미터     
    max_run=5*24*60*60,                     # 5일; 최대 학습 수행 시간(초)
    use_spot_instances=True,                # spot 인스턴스 사용 유무
    max_wait=3*60*60,                       # 3시간; spot 사용 시 자원 재확보를 위한 대기 시간
    checkpoint_s3_uri=checkpoint_s3_uri     # checkpoints 저장 s3 위치
)

channel_name = "training"
# s3인 경우
data_path = f"s3://{sagemaker_session.default_bucket()}/my_training_data/"
# EFS인 경우
efs_data_path = FileSystemInput(
                file_system_id='fs-00000001', file_system_type='EFS',
                directory_path='/dataset', file_system_access_mode='ro'
            )
# FSx for Lustre인 경우
fsx_data_path = FileSystemInput(
                file_system_id='fs-00000002', file_system_type='FSxLustre',
                directory_path='/<mount-id>/dataset', file_system_access_mode='ro'
            )

estimator.fit(
    inputs={
        channel_name : data_path,
    },
    job_name=job_name
)
